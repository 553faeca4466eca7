//! A headless browser that opens a report and reads its content.

use std::process::Command;

use serde_json::Value;

use crate::program::Place;

/// A script that runs at the end of a page and writes its findings into an element that the test reads.
const PROBE: &str = r##"<script>
const rows = (id) => [...document.querySelectorAll(`#${id} tbody tr`)].map((tr) => [...tr.children].map((td) => td.textContent));
const reported = () => ({
  facts: rows("facts"),
  shown: document.getElementById("shown").textContent,
  sections: Object.fromEntries([...document.querySelectorAll("#sections section")].map((it) => [it.id, rows(it.id)])),
  charts: Object.values(Chart.instances).length,
  drawn: Object.values(Chart.instances).every((it) => it.chartArea && it.chartArea.width > 0),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  theme: document.documentElement.dataset.theme,
});
const set = (id, value) => {
  const input = document.getElementById(id);
  input.value = value;
  input.dispatchEvent(new Event("input"));
};
// Chooses an option by its name.
const choose = (id, name) => set(id, [...document.getElementById(id).options].find((it) => it.textContent === name).value);
const found = [];
ACTIONS
parent.postMessage(JSON.stringify(found), "*");
</script>"##;

/// The page around the report. The smallest window of the browser is wider than a phone, so the report is in a frame.
const FRAME: &str = r#"<!doctype html><body style="margin: 0"><script>
addEventListener("message", (event) => {
  const probe = document.createElement("pre");
  probe.id = "probe";
  probe.textContent = event.data;
  document.body.append(probe);
});
</script><iframe src="probed.html" style="border: 0; width: WIDTHpx; height: HEIGHTpx"></iframe></body>"#;

/// Opens `page.html`, runs `actions`, and returns what they pushed to `found`.
///
/// The console must stay empty: no script errors, and no violations of the content security policy, which forbids all
/// network requests.
#[track_caller]
pub(crate) fn open(place: &Place, size: &str, actions: &str) -> Vec<Value> {
    let html = place.read("page.html");
    let probed = html.replace(
        "</body>",
        &format!("{}</body>", PROBE.replace("ACTIONS", actions)),
    );
    place.put("probed.html", probed);
    let (width, height) = size.split_once(',').unwrap();
    let frame = FRAME.replace("WIDTH", width).replace("HEIGHT", height);
    place.put("frame.html", frame);
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-extensions",
        ])
        .args([
            "--no-first-run",
            "--enable-logging=stderr",
            "--dump-dom",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--window-size=1600,{height}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "file://{}",
            place.path().join("frame.html").display()
        ))
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot start chromium ({error}); run scripts/install-chromium")
        });
    let stderr = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(console.is_empty(), "{console:#?}");
    let dom = String::from_utf8_lossy(&output.stdout);
    let probe = dom
        .split_once("<pre id=\"probe\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"));
    let (probe, _) = probe.unwrap_or_else(|| panic!("the page's script ended early: {stderr}"));
    let text = probe
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}
