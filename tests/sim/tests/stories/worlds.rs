//! What of the simulation runs with every test: a hundred worlds, a part of the crash sweep, guards that die.
//! `cargo xtask sim` runs more of it, and names the command that replays what fails.

use onionskin_sim::life::{Verdict, live};
use onionskin_sim::plan::{Plan, Size};
use onionskin_sim::{crashes, guard, runner};

fn run(count: usize, one: impl Fn(usize) -> Verdict + Sync, replay: impl Fn(usize) -> String) {
    let one = |number: u64| one(number as usize);
    let verdicts = runner::run(count as u64, runner::threads(), one, |_, _| {});
    let failed: Vec<String> = verdicts
        .iter()
        .enumerate()
        .filter(|(_, verdict)| !verdict.problems.is_empty())
        .map(|(number, verdict)| format!("{}: {:#?}", replay(number), verdict.problems))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(verdicts.iter().all(|verdict| verdict.messages > 0));
    // These were chosen once, and each of them says something.
    assert!(verdicts.iter().all(|verdict| !verdict.undecided));
}

#[test]
fn in_a_hundred_worlds_each_message_arrives_once_everywhere_and_devices_of_one_account_become_equal()
 {
    let plan = |seed| Plan::draw(seed as u64, Size::default());
    let with_three = (0..100).filter(|seed| plan(*seed).most_devices_of_one() >= 3);
    assert!(with_three.count() >= 50, "accounts with three devices");
    let one = |seed| live(&plan(seed));
    run(100, one, |seed| format!("cargo xtask sim --seed {seed}"));
}

#[test]
fn a_crash_at_any_point_loses_and_doubles_nothing() {
    const EVERY: usize = 23;
    let all = crashes::all(1);
    assert!(all.len() > 400, "a story of only {} points", all.len());
    let chosen: Vec<_> = all.iter().step_by(EVERY).collect();
    let one = |number: usize| crashes::survive(*chosen[number]);
    let replay = |number| format!("cargo xtask sim --crashes --crash {}", number * EVERY);
    run(chosen.len(), one, replay);
}

#[test]
fn within_one_poll_after_its_guard_died_a_device_sends_and_receives() {
    let one = |seed| guard::survive(seed as u64);
    run(10, one, |seed| {
        format!("cargo xtask sim --guard --seed {seed}")
    });
}
