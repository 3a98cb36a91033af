//! X0: the settings, an index and a page beside it (screens 17). Here the page about the person and this device: profile,
//! theme, language, recovery phrase, locking and erasing.

mod network;
mod notifications;
mod options;
mod privacy;
mod storage;

use crate::i18n::{Language, fill, format, language, text};
use crate::page::prefs::Theme;
use crate::page::router::Route;
use crate::page::screens::devices::DevicesPage;
use crate::page::screens::erase::ErasePage;
use crate::page::screens::new::MyId;
use crate::page::screens::palette::PaletteButton;
use crate::page::screens::profile::PictureCard;
use crate::page::state::App;
use crate::page::text::{NAME_LIMIT, clean_name};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::Command;

/// A page of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The person and this device.
    You,
    /// X4.
    Privacy,
    /// X6.
    Notifications,
    /// X5.
    Devices,
    /// X7.
    Storage,
    /// D3, behind the storage.
    Erase,
    /// X9.
    Network,
}

impl Page {
    const ALL: [Self; 6] = [
        Self::You,
        Self::Privacy,
        Self::Notifications,
        Self::Devices,
        Self::Storage,
        Self::Network,
    ];

    const fn route(self) -> Route {
        match self {
            Self::You => Route::Settings,
            Self::Privacy => Route::Privacy,
            Self::Notifications => Route::Notifications,
            Self::Devices => Route::Devices,
            Self::Storage => Route::Storage,
            Self::Erase => Route::Erase,
            Self::Network => Route::NetworkSettings,
        }
    }

    const fn screen(self) -> &'static str {
        match self {
            Self::You => "x0",
            Self::Privacy => "x4",
            Self::Notifications => "x6",
            Self::Devices => "x5",
            Self::Storage => "x7",
            Self::Erase => "d3",
            Self::Network => "x9",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::You => text().x0_title,
            Self::Privacy => text().x4_title,
            Self::Notifications => text().x6_title,
            Self::Devices => text().x5_title,
            Self::Storage => text().x7_title,
            Self::Erase => text().d3_title,
            Self::Network => text().x9_title,
        }
    }
}

#[component]
pub(crate) fn Settings(page: Page) -> impl IntoView {
    let t = text();
    // On narrow screens a page stands alone: back leads to the index, and from there to the list.
    let (back, label) = match page {
        Page::You => (Route::Chats, t.back_to_list),
        Page::Erase => (Route::Storage, t.back),
        _ => (Route::Settings, t.back),
    };
    let content = match page {
        Page::You => view! {
            <PictureCard />
            <NameCard />
            <MyId />
            <ThemeCard />
            <TitleCard />
            <LanguageCard />
            <KeysCard />
            <PhraseCard />
            <EndCard />
        }
        .into_any(),
        Page::Privacy => view! { <privacy::PrivacyPage /> }.into_any(),
        Page::Notifications => view! { <notifications::NotificationsPage /> }.into_any(),
        Page::Devices => view! { <DevicesPage /> }.into_any(),
        Page::Storage => view! { <storage::StoragePage /> }.into_any(),
        Page::Erase => view! { <ErasePage /> }.into_any(),
        Page::Network => view! { <network::NetworkPage /> }.into_any(),
    };
    view! {
        <section class="pane-screen" data-screen=page.screen() data-state="ready" aria-label=page.title()>
            <header class="pane-head">
                <a class="icon-button back" href=back.href() aria-label=label title=label data-testid=format!("{}.back", page.screen())>
                    <Draw icon=Icon::Back size=24 />
                </a>
                <h1 tabindex="-1" data-route-focus>{page.title()}</h1>
            </header>
            <div class="pane-body">
                <div class="settings" data-page=page.screen()>
                    <Index page />
                    <div class="column">{content}</div>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Index(page: Page) -> impl IntoView {
    let t = text();
    let links = Page::ALL
        .map(|one| {
            let icon = match one {
                Page::You => Icon::Sliders,
                Page::Privacy => Icon::Person,
                Page::Notifications => Icon::Bell,
                Page::Devices => Icon::Devices,
                Page::Storage | Page::Erase => Icon::Archive,
                Page::Network => Icon::Path,
            };
            view! {
                <a
                    class="index-item"
                    href=one.route().href()
                    aria-current=(one == page).then_some("page")
                    data-testid=format!("{}.open", one.screen())
                >
                    <Draw icon />
                    <span>{one.title()}</span>
                </a>
            }
        })
        .collect_view();
    view! { <nav class="settings-index" aria-label=t.x0_index>{links}</nav> }
}

/// Where a choice holds (screens 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Device,
    Account,
    Synced,
}

/// Where an option holds, and what it is at first.
#[component]
pub(crate) fn Meta(scope: Scope, #[prop(into)] default: String) -> impl IntoView {
    let t = text();
    let (mark, why) = match scope {
        Scope::Device => (t.scope_device, t.scope_device_why),
        Scope::Account => (t.scope_account, t.scope_account_why),
        Scope::Synced => (t.scope_synced, t.scope_synced_why),
    };
    view! {
        <p class="option-meta">
            <span class="tag" title=why>{mark}</span>
            <span>{fill(t.x_default, &[("value", &default)])}</span>
        </p>
    }
}

/// What else leads to everything.
#[component]
fn KeysCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    view! {
        <section class="card" aria-labelledby="x8-keys">
            <h2 id="x8-keys">{t.x8_keys}</h2>
            <p class="small muted">{t.x8_keys_why}</p>
            <div class="actions">
                <PaletteButton class="button" testid="x0.palette" named=true />
                <button type="button" class="button" data-testid="x0.shortcuts" on:click=move |_| app.shortcuts_open.set(true)>
                    {t.k2_title}
                </button>
            </div>
        </section>
    }
}

#[component]
fn NameCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let saved = Memo::new(move |_| {
        app.profile
            .with(|profile| profile.as_ref().map(|p| p.name.clone()).unwrap_or_default())
    });
    let typed = RwSignal::new(saved.get_untracked());
    // Another device names the account, or the network still brings its name: whoever typed nothing sees it.
    Effect::new(move |before: Option<String>| {
        let now = saved.get();
        if before.is_some_and(|before| typed.with_untracked(|typed| *typed == before)) {
            typed.set(now.clone());
        }
        now
    });
    let too_long = move || typed.with(|typed| clean_name(typed).len() > NAME_LIMIT);
    let same = move || typed.with(|typed| clean_name(typed) == saved.get());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !too_long() && !same() {
            app.send(Command::SetDisplayName {
                name: clean_name(&typed.get_untracked()),
            });
        }
    };
    view! {
        <form class="card" on:submit=save>
            <div class="field">
                <label for="x1-name">{t.w2_name}</label>
                <div class="input-row">
                    <input
                        class="input"
                        id="x1-name"
                        type="text"
                        dir="auto"
                        autocomplete="off"
                        data-testid="x1.name"
                        aria-invalid=move || too_long().to_string()
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                    <button type="submit" class="button" data-testid="x1.save-name" disabled=move || too_long() || same()>
                        {t.save}
                    </button>
                </div>
                <p class="hint">{move || if too_long() { t.w2_name_too_long } else { t.x1_name_why }}</p>
            </div>
        </form>
    }
}

#[component]
fn ThemeCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let name = move |theme: Theme| match theme {
        Theme::System => t.theme_system,
        Theme::Light => t.theme_light,
        Theme::Dark => t.theme_dark,
        Theme::Black => t.theme_black,
        Theme::HighContrastLight => t.theme_hc_light,
        Theme::HighContrastDark => t.theme_hc_dark,
    };
    let choices = Theme::ALL
        .into_iter()
        .map(|theme| {
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="x2-theme"
                        data-testid=format!("x2.theme-{}", theme.key())
                        prop:checked=move || app.prefs.theme.get() == theme
                        on:change=move |_| app.prefs.theme.set(theme)
                    />
                    <span>{name(theme)}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <fieldset class="field">
                <legend>{t.theme}</legend>
                <div class="choices two">{choices}</div>
            </fieldset>
        </section>
    }
}

/// ui.title.
#[component]
fn TitleCard() -> impl IntoView {
    let t = text();
    let value = expect_context::<App>().prefs.neutral;
    view! { <options::DeviceSwitch label=t.x2_neutral why=t.x2_neutral_why testid="x2.neutral" default=false value /> }
}

#[component]
fn LanguageCard() -> impl IntoView {
    view! {
        <section class="card">
            <LanguageChoice testid="x8.language" />
        </section>
    }
}

/// A field for the language; the change shows at once.
#[component]
pub(crate) fn LanguageChoice(testid: &'static str) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let change = move |event: leptos::ev::Event| {
        if let Some(language) = Language::from_tag(&event_target_value(&event)) {
            app.prefs.choose_language(language);
        }
    };
    let options = Language::ALL
        .into_iter()
        .map(|one| view! { <option value=one.tag() lang=one.tag() selected=one == language()>{one.own_name()}</option> })
        .collect_view();
    view! {
        <div class="field language">
            <label for=testid>{t.language}</label>
            <select class="input" id=testid data-testid=testid on:change=change>
                {options}
            </select>
        </div>
    }
}

#[component]
fn PhraseCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let state = move || {
        app.profile.with(|profile| {
            let profile = profile.as_ref()?;
            if profile.phrase_hidden {
                return Some(t.r1_hidden.to_owned());
            }
            Some(match profile.phrase_checked_at {
                Some(at) => fill(t.r1_checked_on, &[("date", &format::date(at))]),
                None if profile.phrase_checked => t.r1_entered.to_owned(),
                None => t.r1_unchecked.to_owned(),
            })
        })
    };
    view! {
        <section class="card" aria-labelledby="x3-phrase-title">
            <h2 id="x3-phrase-title">{t.r1_title}</h2>
            <p class="small muted">{t.first_phrase_why}</p>
            <p class="small" data-testid="x3.phrase-state">{state}</p>
            <div class="actions">
                <button type="button" class="button" data-testid="x3.phrase" on:click=move |_| app.phrase_open.set(true)>
                    <Draw icon=Icon::Key />
                    {t.r1_open}
                </button>
            </div>
        </section>
    }
}

/// Lock and erase, or burn.
#[component]
fn EndCard() -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let temporary = Memo::new(move |_| app.is_temporary());
    view! {
        <section class="card" aria-labelledby="x3-end-title">
            <h2 id="x3-end-title">{move || if temporary.get() { t.temporary_word } else { t.x3_device }}</h2>
            <p class="small muted">{move || if temporary.get() { t.keep_temporary_why } else { t.x3_device_why }}</p>
            <div class="actions">
                <Show when=move || !temporary.get()>
                    <button type="button" class="button" data-testid="x3.lock" on:click=move |_| leptos::task::spawn_local(app.lock())>
                        <Draw icon=Icon::Lock />
                        {t.lock_now}
                    </button>
                </Show>
                <Show when=move || temporary.get()>
                    <button type="button" class="button danger" data-testid="k7.open" on:click=move |_| app.burn_open.set(true)>
                        <Draw icon=Icon::Flame />
                        {t.burn_now}
                    </button>
                </Show>
                <a class="button danger" href=Route::Erase.href() data-testid="d3.open">
                    <Draw icon=Icon::Trash />
                    {t.d3_open}
                </a>
            </div>
        </section>
    }
}
