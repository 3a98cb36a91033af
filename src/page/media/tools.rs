//! Image tools (V10): a staged picture is cut, turned, covered, blurred, pointed at and written on. What comes out takes the
//! way of every picture that is picked (screens 9.7). Everything that is drawn with a pointer can be placed with sliders.

use super::edits::{Area, Edit, Kind, Mark};
use super::stage::EDIT;
use crate::i18n::{Catalogue, fill, isolate, text};
use crate::page::canvas::{canvas, context, encoded};
use crate::page::state::App;
use crate::page::ui::dialog::Dialog;
use crate::page::ui::failure::FailureNote;
use crate::page::ui::icons::{Draw, Icon};
use leptos::html;
use leptos::prelude::*;
use onionskin_client::api::{ConversationId, ErrorCode, Failure, FileId};
use std::f64::consts::FRAC_PI_2;
use wasm_bindgen::prelude::JsValue;
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

/// Longest side of the view, in pixels.
const VIEW: f64 = 1_000.0;
/// Some browsers draw nothing on a larger canvas (pixels).
const CANVAS: f64 = 16_000_000.0;
/// How well photographs are encoded; they are encoded once more when they are made ready.
const QUALITY: f64 = 0.95;
/// Sides of the squares that a blur leaves, as a part of the picture's shorter side, and at least in pixels.
const SQUARE: (f64, f64) = (1.0 / 24.0, 8.0);
/// Height of letters as a part of the picture's shorter side.
const LETTERS: f64 = 1.0 / 14.0;
/// The longest text on a picture (characters).
const WORDS: usize = 80;
/// Arrows and words: seen on light and on dark.
const INK: &str = "#e0245e";
const EDGE: &str = "#ffffff";
/// What is cut off lies under this.
const SHADE: &str = "rgb(0 0 0 / 60%)";

/// The picture that is worked on.
#[derive(Clone)]
pub(crate) struct Subject {
    pub conversation: ConversationId,
    pub id: FileId,
    pub name: String,
    pub picture: ImageBitmap,
    /// It is encoded as this.
    pub content_type: &'static str,
}

/// The picture that is worked on, if any.
pub(crate) type Working = RwSignal<Option<Subject>, LocalStorage>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Cut,
    Blur,
    Cover,
    Arrow,
    Text,
}

impl Tool {
    const ALL: [Self; 5] = [Self::Cut, Self::Blur, Self::Cover, Self::Arrow, Self::Text];

    const fn word(self, t: &'static Catalogue) -> &'static str {
        match self {
            Self::Cut => t.v10_cut,
            Self::Blur => t.v10_blur,
            Self::Cover => t.v10_cover,
            Self::Arrow => t.v10_arrow,
            Self::Text => t.v10_text,
        }
    }

    const fn why(self, t: &'static Catalogue) -> &'static str {
        match self {
            Self::Cut => t.v10_cut_why,
            Self::Blur => t.v10_blur_why,
            Self::Cover => t.v10_cover_why,
            Self::Arrow => t.v10_arrow_why,
            Self::Text => t.v10_text_why,
        }
    }

    const fn hook(self) -> &'static str {
        match self {
            Self::Cut => "v10.cut",
            Self::Blur => "v10.blur",
            Self::Cover => "v10.cover",
            Self::Arrow => "v10.arrow",
            Self::Text => "v10.text",
        }
    }
}

/// What a person works with.
#[derive(Clone, Copy)]
struct Desk {
    edit: RwSignal<Edit>,
    /// What undoing brings back.
    before: RwSignal<Vec<Edit>>,
    tool: RwSignal<Tool>,
    words: RwSignal<String>,
    /// Where a pointer went down.
    down: StoredValue<Option<(f64, f64)>>,
}

impl Desk {
    fn new() -> Self {
        Self {
            edit: RwSignal::new(Edit::NONE),
            before: RwSignal::new(Vec::new()),
            tool: RwSignal::new(Tool::Cut),
            words: RwSignal::new(String::new()),
            down: StoredValue::new(None),
        }
    }

    fn change(self, change: impl FnOnce(&mut Edit)) {
        self.before
            .update(|before| before.push(self.edit.get_untracked()));
        self.edit.update(change);
    }

    fn undo(self) {
        let mut last = None;
        self.before.update(|before| last = before.pop());
        if let Some(last) = last {
            self.edit.set(last);
        }
    }

    /// The mark of the chosen tool; `None` for cutting, and for words that are not there.
    fn kind(self) -> Option<Kind> {
        match self.tool.get_untracked() {
            Tool::Cut => None,
            Tool::Blur => Some(Kind::Blur),
            Tool::Cover => Some(Kind::Cover),
            Tool::Arrow => Some(Kind::Arrow),
            Tool::Text => {
                let words = self.words.get_untracked();
                let words: String = words.trim().chars().take(WORDS).collect();
                (!words.is_empty()).then_some(Kind::Text(words))
            }
        }
    }

    /// Begins to place something.
    fn begin(self, x: f64, y: f64) {
        let area = Area {
            x0: x,
            y0: y,
            x1: x,
            y1: y,
        };
        match self.kind() {
            Some(kind) => self.change(|edit| edit.marks.push(Mark { kind, area })),
            None if self.tool.get_untracked() == Tool::Cut => self.change(|edit| edit.cut = area),
            None => return,
        }
        self.down.set_value(Some((x, y)));
    }

    fn drag(self, x: f64, y: f64) {
        if let Some((x0, y0)) = self.down.get_value() {
            // Words go along with the pointer.
            let words = self.tool.get_untracked() == Tool::Text;
            let (x0, y0) = if words { (x, y) } else { (x0, y0) };
            self.place(|area| {
                *area = Area {
                    x0,
                    y0,
                    x1: x,
                    y1: y,
                };
            });
        }
    }

    /// A press without a way is no area; words need none.
    fn end(self) {
        if self.down.get_value().is_none() {
            return;
        }
        self.down.set_value(None);
        let speck = self
            .area()
            .is_some_and(|area| untrack(|| self.tool.get()) != Tool::Text && area.is_speck());
        if speck {
            self.undo();
        }
    }

    /// What the sliders move: the cut, or the mark that was put last with the chosen tool. Tracks it.
    fn area(self) -> Option<Area> {
        let tool = self.tool.get();
        self.edit.with(|edit| match tool {
            Tool::Cut => Some(edit.cut),
            _ => edit
                .marks
                .last()
                .filter(|mark| fits(mark, tool))
                .map(|mark| mark.area),
        })
    }

    fn place(self, place: impl FnOnce(&mut Area)) {
        let tool = self.tool.get_untracked();
        self.edit.update(|edit| match tool {
            Tool::Cut => place(&mut edit.cut),
            _ => {
                if let Some(mark) = edit.marks.last_mut().filter(|mark| fits(mark, tool)) {
                    place(&mut mark.area);
                }
            }
        });
    }
}

fn fits(mark: &Mark, tool: Tool) -> bool {
    matches!(
        (&mark.kind, tool),
        (Kind::Blur, Tool::Blur)
            | (Kind::Cover, Tool::Cover)
            | (Kind::Arrow, Tool::Arrow)
            | (Kind::Text(_), Tool::Text)
    )
}

/// The tools in a layer of their own. Not within the composer, which is a form that Enter in a field of theirs would send.
#[component]
pub(super) fn ImageTools() -> impl IntoView {
    let t = text();
    let working = expect_context::<App>().media.tools;
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(working.with(Option::is_some)));
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        if was == Some(true) && !now {
            working.set(None);
        }
        now
    });
    view! {
        <Dialog open screen="v10" title=t.v10_title wide=true>
            {move || working.get().map(|subject| view! { <Bench working subject /> })}
        </Dialog>
    }
}

#[component]
fn Bench(working: Working, subject: Subject) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let desk = Desk::new();
    let view_of = NodeRef::<html::Canvas>::new();
    let failed = RwSignal::new(None::<Failure>);
    let busy = RwSignal::new(false);
    let label = fill(t.v10_view, &[("name", &isolate(&subject.name))]);
    let subject = StoredValue::new_local(subject);
    let (width, height) = subject.with_value(|subject| {
        (
            f64::from(subject.picture.width()),
            f64::from(subject.picture.height()),
        )
    });
    Effect::new(move |_| {
        let edit = desk.edit.get();
        let Some(view) = view_of.get() else { return };
        let (w, h) = edit.size(width, height);
        let scale = (VIEW / w.max(h)).min(1.0);
        let (w, h) = ((w * scale).ceil().max(1.0), (h * scale).ceil().max(1.0));
        if f64::from(view.width()) != w || f64::from(view.height()) != h {
            view.set_width(w as u32);
            view.set_height(h as u32);
        }
        let drawn = subject.with_value(|subject| {
            let context = context(&view)?;
            paint(&view, &context, &subject.picture, &edit).ok()?;
            shade(&context, edit.cut, w, h);
            Some(())
        });
        if drawn.is_none() {
            failed.set(Some(unreadable()));
        }
    });
    let place = move |event: &leptos::ev::PointerEvent| {
        let view: web_sys::Element = event_current_target(event)?;
        let box_of = view.get_bounding_client_rect();
        let part = |at: f64, from: f64, size: f64| ((at - from) / size.max(1.0)).clamp(0.0, 1.0);
        Some((
            part(f64::from(event.client_x()), box_of.left(), box_of.width()),
            part(f64::from(event.client_y()), box_of.top(), box_of.height()),
        ))
    };
    let down = move |event: leptos::ev::PointerEvent| {
        if event.button() != 0 {
            return;
        }
        event.prevent_default();
        if let Some(view) = event_current_target(&event) {
            // Without capture the pointer may leave the view; what was placed then ends early.
            let _ = view.set_pointer_capture(event.pointer_id());
        }
        if let Some((x, y)) = place(&event) {
            desk.begin(x, y);
        }
    };
    let moved = move |event: leptos::ev::PointerEvent| {
        if let Some((x, y)) = place(&event) {
            desk.drag(x, y);
        }
    };
    let tools = Tool::ALL.map(|tool| {
        view! {
            <button type="button" class="filter" aria-pressed=move || (desk.tool.get() == tool).to_string() data-testid=tool.hook() on:click=move |_| desk.tool.set(tool)>
                {tool.word(t)}
            </button>
        }
    });
    let add = move |_| {
        if let Some(kind) = desk.kind() {
            desk.change(|edit| {
                edit.marks.push(Mark {
                    kind,
                    area: Area::MIDDLE,
                })
            });
        }
    };
    let use_it = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let edit = desk.edit.get_untracked();
        let subject = subject.get_value();
        leptos::task::spawn_local(async move {
            let made = made(&subject, &edit).await;
            let id = subject.id;
            let still = working.with_untracked(|now| now.as_ref().is_some_and(|one| one.id == id));
            match made {
                // The tools were closed meanwhile.
                _ if !still => {}
                Some(file) => {
                    let staging = app.media.staging;
                    staging.remake(app, subject.conversation, id, file, None, EDIT);
                    working.set(None);
                }
                None => {
                    failed.try_set(Some(unreadable()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="tools">
            <div class="filters wrap" role="group" aria-label=t.v10_tools>{tools}</div>
            <p class="small muted" aria-live="polite">{move || desk.tool.get().why(t)}</p>
            <Show when=move || desk.tool.get() == Tool::Text>
                <div class="field">
                    <label for="v10-words">{t.v10_words}</label>
                    <input
                        class="input"
                        id="v10-words"
                        type="text"
                        dir="auto"
                        autocomplete="off"
                        maxlength=WORDS.to_string()
                        data-testid="v10.words"
                        prop:value=move || desk.words.get()
                        on:input=move |event| desk.words.set(event_target_value(&event))
                    />
                </div>
            </Show>
            <canvas
                class="tools-view"
                node_ref=view_of
                role="img"
                aria-label=label
                data-testid="v10.view"
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=move |_| desk.end()
                on:pointercancel=move |_| desk.end()
            ></canvas>
            <details class="tools-place">
                <summary data-testid="v10.sliders">{t.v10_sliders}</summary>
                <Show when=move || desk.tool.get() != Tool::Cut>
                    <button type="button" class="button" data-testid="v10.add" disabled=move || desk.tool.get() == Tool::Text && desk.words.with(|words| words.trim().is_empty()) on:click=add>
                        <Draw icon=Icon::New />
                        {t.v10_add}
                    </button>
                </Show>
                <Sliders desk />
            </details>
            {move || failed.get().map(|failure| view! { <FailureNote failure testid="v10.error" /> })}
            <div class="actions">
                <button type="button" class="button" data-testid="v10.turn" on:click=move |_| desk.change(|edit| *edit = edit.clone().turned())>
                    <Draw icon=Icon::Again />
                    {t.media_rotate}
                </button>
                <button type="button" class="button" data-testid="v10.undo" disabled=move || desk.before.with(Vec::is_empty) on:click=move |_| desk.undo()>
                    {t.undo}
                </button>
                <span class="gap"></span>
                <button type="button" class="button" data-testid="v10.cancel" on:click=move |_| working.set(None)>{t.cancel}</button>
                <button type="button" class="button primary" data-testid="v10.use" disabled=move || busy.get() || desk.before.with(Vec::is_empty) on:click=use_it>{t.v10_use}</button>
            </div>
        </div>
    }
}

fn event_current_target(event: &leptos::ev::PointerEvent) -> Option<web_sys::Element> {
    use wasm_bindgen::JsCast;
    event.current_target()?.dyn_into().ok()
}

/// Both corners of what was placed last, by four sliders.
#[component]
fn Sliders(desk: Desk) -> impl IntoView {
    let t = text();
    let slider = move |label: &'static str,
                       testid: &'static str,
                       read: fn(Area) -> f64,
                       write: fn(&mut Area, f64)| {
        view! {
            <div class="field">
                <label for=testid>{label}</label>
                <input
                    type="range"
                    id=testid
                    data-testid=testid
                    min="0"
                    max="100"
                    step="1"
                    disabled=move || desk.area().is_none()
                    prop:value=move || (desk.area().map_or(0.0, read) * 100.0).round().to_string()
                    on:input=move |event| {
                        if let Ok(value) = event_target_value(&event).parse::<f64>() {
                            desk.moved_by_slider(|area| write(area, value / 100.0));
                        }
                    }
                />
            </div>
        }
    };
    view! {
        <div class="tools-sliders">
            {slider(t.v10_start_across, "v10.x0", |area| area.x0, |area, value| area.x0 = value)}
            {slider(t.v10_start_down, "v10.y0", |area| area.y0, |area, value| area.y0 = value)}
            {slider(t.v10_end_across, "v10.x1", |area| area.x1, |area, value| area.x1 = value)}
            {slider(t.v10_end_down, "v10.y1", |area| area.y1, |area, value| area.y1 = value)}
        </div>
    }
}

impl Desk {
    /// The first move of a slider after anything else can be undone; those that follow go with it.
    fn moved_by_slider(self, place: impl FnOnce(&mut Area)) {
        let fresh = self
            .before
            .with_untracked(|before| self.edit.with_untracked(|now| before.last() == Some(now)));
        if self.tool.get_untracked() == Tool::Cut && self.before.with_untracked(Vec::is_empty)
            || fresh
        {
            self.before
                .update(|before| before.push(self.edit.get_untracked()));
        }
        self.place(place);
    }
}

fn unreadable() -> Failure {
    Failure {
        code: ErrorCode::FileType,
        number: None,
        detail: String::new(),
    }
}

/// The picture with everything done to it, as a file; `None` when the browser cannot draw or encode it.
async fn made(subject: &Subject, edit: &Edit) -> Option<File> {
    if !crate::canvas::tells_the_truth() {
        return None;
    }
    let picture = &subject.picture;
    let (w, h) = edit.size(f64::from(picture.width()), f64::from(picture.height()));
    let scale = (CANVAS / (w * h).max(1.0)).sqrt().min(1.0);
    let (w, h) = ((w * scale).floor().max(1.0), (h * scale).floor().max(1.0));
    let (whole, on_whole) = canvas(w, h)?;
    paint(&whole, &on_whole, picture, edit).ok()?;
    let (x, y, cut_w, cut_h) = edit.cut.pixels(w, h);
    let (cut, on_cut) = canvas(cut_w, cut_h)?;
    on_cut
        .draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &whole, x, y, cut_w, cut_h, 0.0, 0.0, cut_w, cut_h,
        )
        .ok()?;
    let blob = encoded(&cut, subject.content_type, QUALITY).await?;
    let parts = js_sys::Array::of1(&blob);
    File::new_with_blob_sequence(&parts, &subject.name).ok()
}

/// Draws the picture, turned and marked, over the whole canvas.
fn paint(
    canvas_of: &HtmlCanvasElement,
    context: &CanvasRenderingContext2d,
    picture: &ImageBitmap,
    edit: &Edit,
) -> Result<(), JsValue> {
    let (w, h) = (f64::from(canvas_of.width()), f64::from(canvas_of.height()));
    context.clear_rect(0.0, 0.0, w, h);
    context.save();
    context.translate(w / 2.0, h / 2.0)?;
    context.rotate(f64::from(edit.turns) * FRAC_PI_2)?;
    let (across, down) = edit.size(w, h);
    context.draw_image_with_image_bitmap_and_dw_and_dh(
        picture,
        -across / 2.0,
        -down / 2.0,
        across,
        down,
    )?;
    context.restore();
    for mark in &edit.marks {
        let shorter = w.min(h);
        match &mark.kind {
            Kind::Blur => blur(canvas_of, context, mark.area, shorter)?,
            Kind::Cover => {
                let (x, y, w, h) = mark.area.pixels(w, h);
                context.set_fill_style_str("black");
                context.fill_rect(x, y, w, h);
            }
            Kind::Arrow => arrow(context, mark.area, w, h)?,
            Kind::Text(words) => {
                let size = (shorter * LETTERS).max(10.0);
                context.set_font(&format!("700 {size}px system-ui, sans-serif"));
                context.set_text_baseline("middle");
                context.set_line_join("round");
                context.set_line_width(size / 5.0);
                context.set_stroke_style_str(EDGE);
                context.set_fill_style_str(INK);
                let (x, y) = (mark.area.x0 * w, mark.area.y0 * h);
                context.stroke_text(words, x, y)?;
                context.fill_text(words, x, y)?;
            }
        }
    }
    Ok(())
}

/// Squares of one colour each, large enough that nothing of what they stand for can be read.
fn blur(
    canvas_of: &HtmlCanvasElement,
    context: &CanvasRenderingContext2d,
    area: Area,
    shorter: f64,
) -> Result<(), JsValue> {
    let (w, h) = (f64::from(canvas_of.width()), f64::from(canvas_of.height()));
    let (x, y, w, h) = area.pixels(w, h);
    let square = (shorter * SQUARE.0).max(SQUARE.1);
    let (columns, rows) = ((w / square).ceil().max(1.0), (h / square).ceil().max(1.0));
    let (small, on_small) = canvas(columns, rows).ok_or(JsValue::NULL)?;
    on_small.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
        canvas_of, x, y, w, h, 0.0, 0.0, columns, rows,
    )?;
    context.set_image_smoothing_enabled(false);
    let drawn = context
        .draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &small, 0.0, 0.0, columns, rows, x, y, w, h,
        );
    context.set_image_smoothing_enabled(true);
    drawn
}

/// A line with a head, white around it.
fn arrow(context: &CanvasRenderingContext2d, area: Area, w: f64, h: f64) -> Result<(), JsValue> {
    let (x0, y0, x1, y1) = (area.x0 * w, area.y0 * h, area.x1 * w, area.y1 * h);
    let width = (w.min(h) / 60.0).max(3.0);
    let head = width * 4.0;
    let towards = (y1 - y0).atan2(x1 - x0);
    context.set_line_cap("round");
    context.set_line_join("round");
    for (colour, width) in [(EDGE, width * 2.0), (INK, width)] {
        context.set_stroke_style_str(colour);
        context.set_line_width(width);
        context.begin_path();
        context.move_to(x0, y0);
        context.line_to(x1, y1);
        for side in [-1.0, 1.0] {
            let angle = towards + side * 2.6;
            context.move_to(x1, y1);
            context.line_to(x1 + head * angle.cos(), y1 + head * angle.sin());
        }
        context.stroke();
    }
    Ok(())
}

/// What the cut leaves out lies in the dark.
fn shade(context: &CanvasRenderingContext2d, cut: Area, w: f64, h: f64) {
    if cut == Area::WHOLE {
        return;
    }
    let (x, y, cut_w, cut_h) = cut.pixels(w, h);
    context.set_fill_style_str(SHADE);
    context.fill_rect(0.0, 0.0, w, y);
    context.fill_rect(0.0, y + cut_h, w, h - y - cut_h);
    context.fill_rect(0.0, y, x, cut_h);
    context.fill_rect(x + cut_w, y, w - x - cut_w, cut_h);
    context.set_stroke_style_str(EDGE);
    context.set_line_width(2.0);
    context.stroke_rect(x, y, cut_w, cut_h);
}
