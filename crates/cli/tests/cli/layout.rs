//! Tests of the layout of the pages in a browser, at three widths, light and dark.

use serde_json::{Value, json};

use crate::browser::open;
use crate::program::Place;
use crate::records::{FAR, START, entry, generated, lines, policy_until};

/// Opens all tables, and reports every fault of the layout as a text, for each theme.
const FAULTS: &str = r##"
const faults = () => {
  const list = [];
  const name = (it) => `${it.tagName.toLowerCase()}#${it.closest("[id]")?.id} ${it.textContent.slice(0, 40)}`;
  const shown = (it) => it.getClientRects().length > 0;
  /* Text must be inside the page, or inside of an element that scrolls. */
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || !shown(parent) || parent.closest("script, option, #probe")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const scrolls = parent.closest(".scroll");
    if (!scrolls && (box.left < 0 || box.right > document.documentElement.clientWidth + 0.5)) list.push(`outside: ${name(parent)}`);
    for (let it = parent; it && it !== scrolls; it = it.parentElement) {
      const style = getComputedStyle(it);
      const clips = style.overflowX !== "visible" && it !== document.documentElement && it !== document.body;
      if (clips && it.scrollWidth > it.clientWidth) list.push(`clipped: ${name(it)}`);
    }
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) list.push("the page scrolls");
  for (const chart of Object.values(Chart.instances)) {
    const id = chart.canvas.closest("section").id;
    const colours = chart.data.datasets.map((it) => JSON.stringify(it.borderColor));
    if (new Set(colours).size < colours.length) list.push(`${id}: two series have the same colour`);
    chart.data.datasets.forEach((series) => series.data.forEach((value, i) => {
      const colour = Array.isArray(series.backgroundColor) ? series.backgroundColor[i] : series.backgroundColor;
      if (chart.config.type === "bar" && value < 0 && colour === "#009e73") list.push(`${id}: a loss is green`);
    }));
    const ctx = chart.ctx;
    if (chart.options.indexAxis === "y") {
      ctx.font = `${Chart.defaults.font.size}px ${Chart.defaults.font.family}`;
      const axis = chart.scales.y;
      const room = axis.width - axis.options.ticks.padding;
      const widths = axis.ticks.flatMap((tick) => [tick.label].flat().map((text) => ctx.measureText(text).width));
      if (Math.max(0, ...widths) > room) list.push(`${id}: a label is cut`);
      const heights = axis.ticks.map((tick) => [tick.label].flat().length * Chart.defaults.font.size);
      if (Math.max(0, ...heights) > axis.height / axis.ticks.length) list.push(`${id}: labels overlap`);
    }
    for (const legend of chart.legend?.legendItems && chart.options.plugins.legend.display ? chart.legend.legendHitBoxes : []) {
      if (legend.left < 0 || legend.left + legend.width > chart.width + 0.5) list.push(`${id}: the legend is cut`);
    }
    const marks = chart.marks || [];
    marks.forEach((mark, i) => {
      if (mark.right > chart.width) list.push(`${id}: the name of a line is cut`);
      marks.forEach((other, k) => {
        const crosses = other.line > mark.left && other.line < mark.right && other.from < mark.bottom;
        const covers = k < i && other.right > mark.left && other.left < mark.right && other.top < mark.bottom && mark.top < other.bottom;
        if (k !== i && (crosses || covers)) list.push(`${id}: a line or a name covers the name of another line`);
      });
    });
  }
  for (const select of document.querySelectorAll("#filters select")) {
    const names = [...select.options].map((it) => it.textContent).slice(1);
    const verdicts = ["TRADE", "EXIT", "SKIP", "HARVEST", "POLICY"];
    const others = names.filter((it) => !it.startsWith("(") && !(select.id === "kind" && verdicts.includes(it)));
    if (others.join() !== [...others].sort().join()) list.push(`the filter ${select.id} is not sorted`);
  }
  return list;
};
document.querySelectorAll("details").forEach((it) => { it.open = true; });
found.push([innerWidth, document.documentElement.dataset.theme, faults()]);
document.getElementById("theme").click();
found.push([innerWidth, document.documentElement.dataset.theme, faults()]);
"##;

/// Checks the page of the folder at each width, in both themes.
#[track_caller]
fn check_layout(place: &Place) {
    for width in [390, 768, 1400] {
        let found = open(place, &format!("{width},2000"), FAULTS);
        let themes: Vec<&Value> = found.iter().map(|it| &it[1]).collect();
        assert_eq!(themes, [&json!("light"), &json!("dark")]);
        for page in &found {
            assert_eq!(page[0], width);
            assert_eq!(page[2], json!([]), "{width} px, {}", page[1]);
        }
    }
}

fn run(place: &Place, arguments: &str) {
    let run = place.run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(run.status, 0, "{arguments}: {}", run.stderr);
}

#[test]
fn the_page_of_a_replay_is_readable_at_every_width() {
    let place = Place::new();
    place.put("tape", generated(20_000, 7));
    run(&place, "replay tape --report page.html");
    check_layout(&place);
}

#[test]
fn close_thresholds_do_not_cover_each_other() {
    let place = Place::new();
    let mut policy = policy_until("close", FAR);
    for (name, r) in [
        ("lock_R", 1.2),
        ("T1_R", 1.25),
        ("T2_R", 1.3),
        ("T3_R", 60.5),
    ] {
        policy["harvest_params"][name] = json!(r);
    }
    place.put("policy.json", policy.to_string());
    place.put("tape", generated(5_000, 7));
    run(
        &place,
        "replay tape --policy policy.json --assume-in-force --report page.html",
    );
    check_layout(&place);
}

#[test]
fn the_page_of_a_comparison_is_readable_at_every_width() {
    let place = Place::new();
    let before = policy_until("before", FAR);
    let mut after = policy_until("after", FAR);
    after["leverage_by_symbol"]["BTCUSDT"] = json!(3);
    after["universe_symbols"].as_array_mut().unwrap().remove(1);
    after["harvest_params"]["T1_R"] = json!(2.0);
    after["limits"] = json!({"max_notional_usd": 500, "max_position_usd": 50});
    place.put("before.json", before.to_string());
    place.put("after.json", after.to_string());
    place.put("tape", generated(20_000, 7));
    run(
        &place,
        "diff tape --policy before.json --policy after.json --report page.html",
    );
    check_layout(&place);
}

/// A hundred equal flips are one row with their number, in the page and in the text.
#[test]
fn equal_flips_are_one_row() {
    let place = Place::new();
    let mut after = policy_until("after", FAR);
    after["leverage_by_symbol"]["BTCUSDT"] = json!(3);
    place.put("before.json", policy_until("before", FAR).to_string());
    place.put("after.json", after.to_string());
    place.put("tape", lines(&(0..150).map(entry).collect::<Vec<_>>()));
    let arguments = "diff tape --policy before.json --policy after.json --report page.html";
    let run = place.run(&arguments.split(' ').collect::<Vec<_>>());
    let found = open(&place, "1400,900", "found.push(reported());");
    let row = [
        "1",
        "100",
        "BTCUSDT",
        "TRADE 8x",
        "TRADE 3x",
        "–",
        "leverage_by_symbol.BTCUSDT",
    ];
    assert_eq!(found[0]["sections"]["largest"], json!([row]));
    let words: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    let text = [
        "1",
        "100",
        "BTCUSDT",
        "TRADE",
        "8x",
        "TRADE",
        "3x",
        "–",
        "leverage_by_symbol.BTCUSDT",
    ];
    assert!(words.iter().any(|line| *line == text), "{}", run.stdout);
}

#[test]
fn the_page_of_a_simulation_is_readable_at_every_width() {
    let place = Place::new();
    place.put(
        "policy.json",
        policy_until("with-a-long-name-of-the-policy-2026", FAR).to_string(),
    );
    let mut entries: Vec<Value> = Vec::new();
    for (n, symbol) in ["SOLUSDT", "BTCUSDT", "ADAUSDT"].iter().enumerate() {
        let mut entry = entry(30 + i64::try_from(n).unwrap());
        entry["symbol"] = json!(symbol);
        entry["leverage"] = json!(2);
        entries.push(entry);
        // BTCUSDT rises, and the others fall.
        let price = |minute: i64| {
            if *symbol == "BTCUSDT" {
                100 + minute
            } else {
                400 - minute
            }
        };
        let candle = |minute: i64| {
            format!(
                "{},{p},{p},{p},{p}\n",
                START + minute * 60,
                p = price(minute)
            )
        };
        let candles: String = (0..120).map(candle).collect();
        place.put(
            &format!("{symbol}.csv"),
            format!("timestamp,open,high,low,close\n{candles}"),
        );
    }
    place.put("tape", lines(&entries));
    run(
        &place,
        "simulate tape --policy policy.json --candles BTCUSDT.csv --candles SOLUSDT.csv --candles ADAUSDT.csv \
         --cash 10000 --report page.html",
    );
    check_layout(&place);
}
