//! All icons: our own drawings on a grid of 24, one stroke. Always beside a word or inside a labelled control.

use leptos::prelude::*;

/// A drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Mark,
    Chats,
    New,
    Sliders,
    Lock,
    Flame,
    Back,
    Send,
    Copy,
    Eye,
    EyeOff,
    Again,
    Close,
    Info,
    Warning,
    Key,
    Down,
    Up,
    Notes,
    Request,
    Path,
    // messages
    Reply,
    Forward,
    Smile,
    Select,
    Edit,
    Quote,
    Timer,
    People,
    Call,
    // media
    Clip,
    Camera,
    Mic,
    Play,
    Pause,
    Picture,
    Film,
    Music,
    File,
    Bin,
    Minus,
    Forth,
    // people
    Pin,
    BellOff,
    Bell,
    Archive,
    Folder,
    Trash,
    Block,
    Dots,
    StarMark,
    Search,
    Command,
    Mention,
    Scan,
    Verified,
    Devices,
    Person,
    Mail,
    // delivery
    Clock,
    Ring,
    Check,
    CheckDevice,
    Checks,
    ClockArrow,
    Failed,
    // connection
    CloudOff,
    Arc,
    PlugOff,
    TriangleDashed,
    TriangleDot,
    TriangleSolid,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Mark => {
                "M12 2.5c.8 3.4 8 5 8 11.2a8 7.3 0 0 1-16 0C4 7.500 11.2 5.900 12 2.500zM12 8c.5 1.900 4.300 2.900 4.300 6.100a4.300 4 0 0 1-8.600 0C7.700 10.900 11.500 9.900 12 8zM12 13v3"
            }
            Self::Chats => {
                "M6.500 4.500h11A2.500 2.500 0 0 1 20 7v7a2.500 2.500 0 0 1-2.500 2.500H11L6.500 20v-3.500A2.500 2.500 0 0 1 4 14V7a2.500 2.500 0 0 1 2.500-2.500z"
            }
            Self::New => "M12 5v14M5 12h14",
            Self::Sliders => "M4 8h9M17 8h3M15 5.500v5M4 16h3M11 16h9M9 13.500v5",
            Self::Lock => "M6 11h12v9H6zM8.500 11V7.500a3.500 3.500 0 0 1 7 0V11M12 14.500v2",
            Self::Flame => {
                "M12.500 3c.5 4 5.500 5.500 5.500 11a6 6.500 0 0 1-12 0c0-2.500 1.300-4 2.300-5.200.2 1.500.9 2.600 1.900 3.200C10 9 10.500 5.500 12.500 3z"
            }
            Self::Back => "M19 12H5M11 6l-6 6 6 6",
            Self::Send => {
                "M4.500 11.500 20 4.500l-5.500 15.500-3.200-6.500zM11.300 13.500 15 9.500"
            }
            Self::Copy => "M9 9h11v11H9zM5.500 15H4V4h11v1.500",
            Self::Eye => {
                "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.300a2.700 2.700 0 1 0 0 5.400 2.700 2.700 0 0 0 0-5.400z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.500 6c.8-.3 1.600-.5 2.500-.5 6 0 9.500 6.500 9.500 6.500s-.9 1.700-2.600 3.400M6.500 7.500C4 9.300 2.500 12 2.500 12S6 18.500 12 18.500c1.600 0 3-.5 4.300-1.100M10 10.300a2.700 2.700 0 0 0 3.700 3.800"
            }
            Self::Again => {
                "M20 5v5h-5M4 19v-5h5M19.300 10A7.700 7.700 0 0 0 6 7.500L4.500 9M4.700 14A7.700 7.700 0 0 0 18 16.500l1.500-1.500"
            }
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Info => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5.500M12 7.500v.6"
            }
            Self::Warning => "M12 4 2.800 19.500h18.400zM12 10v4.500M12 16.800v.4",
            Self::Key => {
                "M8.500 11a4.300 4.300 0 1 0 0 8.600 4.300 4.300 0 0 0 0-8.600zM11.500 12 20 3.500M16 7.500l3 3"
            }
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Up => "M12 19V5M6 11l6-6 6 6",
            Self::Notes => "M7 4h10v16l-5-3.500L7 20z",
            Self::Request => {
                "M9.500 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM3 19.500c.5-3.500 3-5.500 6.500-5.500 1.300 0 2.500.3 3.500.8M18 13.500v6M15 16.500h6"
            }
            Self::Path => {
                "M5.500 4.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM18.500 15.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7.500 6.500H14a3.500 3.500 0 0 1 0 7h-4a2 2 0 0 0 0 4h6.500"
            }
            Self::Reply => {
                "M10 6 4.500 11.500 10 17M4.500 11.500H14a5.500 5.500 0 0 1 5.500 5.500v1"
            }
            Self::Forward => {
                "M14 6l5.500 5.500L14 17M19.500 11.500H10A5.500 5.500 0 0 0 4.500 17v1"
            }
            Self::Smile => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8.500 14c.8 1.500 2 2.200 3.500 2.200s2.700-.7 3.500-2.200M9 9.500v.6M15 9.500v.6"
            }
            Self::Select => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8 12.300l2.800 2.800 5.200-6"
            }
            Self::Edit => {
                "M4.500 19.500l1-4.500L16 4.500l3.500 3.500L9 18.500zM13.500 7l3.500 3.500"
            }
            Self::Quote => "M5 6.500v11M9 8h10M9 12h10M9 16h6",
            Self::Timer => {
                "M12 6.500a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 10v3.500l2 1.500M9.500 3.500h5"
            }
            Self::People => {
                "M9 5a3.200 3.200 0 1 0 0 6.400A3.200 3.200 0 0 0 9 5zM3 19c.4-3.300 2.700-5.200 6-5.200s5.600 1.900 6 5.200M15.500 5.300a3.200 3.200 0 0 1 0 5.900M17.500 14.200c2 .7 3.200 2.300 3.500 4.800"
            }
            Self::Call => {
                "M6 4h3.500l1.500 4-2 1.500a11 11 0 0 0 5.500 5.500l1.500-2 4 1.500V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z"
            }
            Self::Clip => {
                "M19 11.500 12 18.500a4.200 4.200 0 0 1-6-6l7.500-7.500a2.800 2.800 0 0 1 4 4L10 16.500a1.400 1.400 0 0 1-2-2l6.500-6.500"
            }
            Self::Camera => {
                "M4 7.500h4L9.500 5h5L16 7.500h4V19H4zM12 9.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z"
            }
            Self::Mic => {
                "M12 3.500a2.800 2.800 0 0 1 2.800 2.800v5a2.800 2.800 0 0 1-5.600 0v-5A2.800 2.800 0 0 1 12 3.500zM6 11.500a6 6 0 0 0 12 0M12 17.500v3"
            }
            Self::Play => "M8 5.500v13l10.500-6.500z",
            Self::Pause => "M8.500 5.500v13M15.500 5.500v13",
            Self::Picture => "M4 5h16v14H4zM4 16l5-5 4 4 3-2.500 4 3.500M15.500 8.500v.6",
            Self::Film => "M4 5h16v14H4zM8 5v14M16 5v14M4 12h4M16 12h4",
            Self::Music => {
                "M9 17.500V6l10-2v11.500M6.500 15a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM16.500 13a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z"
            }
            Self::File => "M6.500 3.500h7.500L18.500 8v12.500h-12zM14 3.500V8h4.500",
            Self::Bin => {
                "M5 7h14M9.500 7V4.500h5V7M7 7l1 13h8l1-13M10.500 10.500v6M13.500 10.500v6"
            }
            Self::Minus => "M5 12h14",
            Self::Forth => "M5 12h14M13 6l6 6-6 6",
            Self::Pin => "M9 4h6l-1 6 3.500 3.500h-11L10 10zM12 13.500V20",
            Self::BellOff => {
                "M4 4l16 16M9 5.300A5.500 5.500 0 0 1 17.500 10v3M17 17H5l1.500-2.500V10M10 20h4"
            }
            Self::Bell => "M6.500 10a5.500 5.500 0 0 1 11 0v4.500L19 17H5l1.500-2.500zM10 20h4",
            Self::Folder => "M4 6h6l2 2.500h8V19H4z",
            Self::Archive => "M4 5h16v4H4zM5.500 9v10.500h13V9M10 13h4",
            Self::Trash => "M5 7h14M9.500 7V4.500h5V7M7 7l1 12.500h8L17 7M10.500 11v5M13.500 11v5",
            Self::Block => "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12",
            Self::Dots => "M5.500 12h.01M12 12h.01M18.500 12h.01",
            Self::StarMark => {
                "M12 3.800l2.500 5.200 5.700.8-4.100 4 1 5.700-5.100-2.700-5.100 2.700 1-5.700-4.100-4 5.700-.8z"
            }
            Self::Command => "M5 6.500l5.500 5.500L5 17.500M12.500 17.500H19",
            Self::Search => "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
            Self::Mention => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM16 8v5.500a2.200 2.200 0 0 0 4.400 0V12a8.400 8.400 0 1 0-3.400 6.700"
            }
            Self::Scan => {
                "M4 8.500V4h4.500M15.500 4H20v4.500M20 15.500V20h-4.500M8.500 20H4v-4.500M4 12h16"
            }
            Self::Verified => {
                "M12 3.500l7 2.500v5.500c0 4.300-2.800 7.300-7 9-4.200-1.700-7-4.700-7-9V6zM8.700 12l2.400 2.400 4.300-4.600"
            }
            Self::Devices => {
                "M3.500 5.500h12v9h-12zM2.500 17.500h10M15.500 11h5v9h-5zM18 17.500h.01"
            }
            Self::Person => {
                "M12 4.500a3.700 3.700 0 1 0 0 7.400 3.700 3.700 0 0 0 0-7.400zM5 20c.5-4 3-6 7-6s6.500 2 7 6"
            }
            Self::Mail => "M3.500 6h17v12.500h-17zM4 6.500l8 6.500 8-6.500",
            Self::Clock => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500V12l3 2"
            }
            Self::Ring => "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z",
            Self::Check => "M5 12.500 10 17.500 19.500 7",
            Self::CheckDevice => {
                "M3 11 7 15 14 7.500M15.500 11.500h5.500v9h-5.500zM17.700 18h1.100"
            }
            Self::Checks => "M2 12.500 6.500 17 15 7.500M10.500 15.500 12 17 22 7.500",
            Self::ClockArrow => "M4 4.500v5h5M4.600 9.300A8.300 8.300 0 1 1 4 14M12 8v4.300l3 2",
            Self::Failed => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500v5.500M12 16v.5"
            }
            Self::CloudOff => {
                "M4 4l16 16M8.500 7.500A5.500 5.500 0 0 1 17.300 11a4 4 0 0 1 2.900 6.500M16.500 19H7a4 4 0 0 1-.6-8"
            }
            Self::Arc => "M12 3.500A8.500 8.500 0 1 1 3.500 12",
            Self::PlugOff => {
                "M4 4l16 16M9 3.500v3M15 3.500V8M7.500 8v3.500a4.500 4.500 0 0 0 7.300 3.500M16.500 12V8H12M12 16v4.500"
            }
            Self::TriangleDashed | Self::TriangleSolid => "M12 4.500 3.500 19h17z",
            Self::TriangleDot => "M12 4.500 3.500 19h17zM12 13.300v1.400",
        }
    }

    const fn dashes(self) -> Option<&'static str> {
        match self {
            Self::Ring => Some("1.500 3"),
            Self::TriangleDashed => Some("3.500 3"),
            _ => None,
        }
    }

    const fn fill(self) -> &'static str {
        match self {
            Self::TriangleSolid => "currentColor",
            _ => "none",
        }
    }

    /// Points somewhere in the direction of reading.
    const fn mirrored(self) -> bool {
        matches!(
            self,
            Self::Back | Self::Forth | Self::Send | Self::Reply | Self::Forward
        )
    }
}

/// Draws an icon, hidden from screen readers.
#[component]
pub(crate) fn Draw(
    #[prop(into)] icon: Signal<Icon>,
    #[prop(default = 20)] size: u8,
) -> impl IntoView {
    let class = move || match icon.get() {
        Icon::Arc => "turning",
        icon if icon.mirrored() => "mirrored",
        _ => "",
    };
    view! {
        <svg
            class=class
            width=size.to_string()
            height=size.to_string()
            viewBox="0 0 24 24"
            fill=move || icon.get().fill()
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            stroke-dasharray=move || icon.get().dashes()
            aria-hidden="true"
        >
            <path d=move || icon.get().path() />
        </svg>
    }
}
