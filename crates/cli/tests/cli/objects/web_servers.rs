//! Tests with web servers that support different parts of HTTP.

use super::{
    in_parts, long_tape, replayed, run, tapes,
    web::{Page, Web},
};
use crate::{
    program::Place,
    records::{generated, gzip},
};

#[test]
fn files_have_the_answers_of_local_files() {
    let (web, place) = (Web::start(), Place::new());
    for (extension, bytes) in tapes(&place) {
        place.put("local", &bytes);
        let expected = replayed(&place, &["local"], |it| place.run(it));
        for (has_ranges, has_head, etag) in [
            (true, true, Some("\"one\"")),
            (true, false, None),
            (false, true, Some("W/\"weak\"")),
            (false, false, None),
        ] {
            if extension == "parquet" && !has_ranges {
                continue;
            }
            let url = web.put(
                &format!("/a%20b/{has_ranges}.{extension}?sig=s3cret"),
                Page {
                    has_ranges,
                    has_head,
                    etag: etag.map(str::to_owned),
                    ..Page::new(&*bytes)
                },
            );
            let actual = replayed(&place, &[&url], |it| run(&place, it));
            assert!(actual == expected, "{url} {has_head}");
        }
    }
    for has_ranges in [true, false] {
        let page = Page {
            has_ranges,
            has_head: has_ranges,
            ..Page::new("")
        };
        let url = web.put("/empty.jsonl", page);
        assert_eq!(replayed(&place, &[&url], |it| run(&place, it)).1, "");
    }
}

#[test]
fn a_parquet_file_is_read_by_ranges() {
    let (web, place) = (Web::start(), Place::new());
    let (_, bytes) = tapes(&place).pop().unwrap();
    let url = web.put("/a.parquet", Page::new(&*bytes));
    replayed(&place, &[&url], |it| run(&place, it));
    let requests = web.requests();
    let whole = requests.iter().filter(|it| *it == "GET /a.parquet -");
    assert_eq!(whole.count(), 0, "{requests:?}");

    let page = Page {
        has_ranges: false,
        ..Page::new(bytes)
    };
    let url = web.put("/b.parquet", page);
    let refused = run(&place, &["replay", &url]);
    assert_eq!(
        (refused.status, &*refused.stderr),
        (
            2,
            &*format!(
                "portcullis: `{url}` contains Parquet, which can be read only from a regular file or a server with \
                 range requests; save it to a file and give that file; 0 records were answered\n"
            )
        )
    );
}

#[test]
fn parts_of_files_on_servers_give_the_result_of_one_replay() {
    let (web, place) = (Web::start(), Place::new());
    let urls = tapes(&place).into_iter().flat_map(|(extension, bytes)| {
        let with = web.put(&format!("/with.{extension}"), Page::new(&*bytes));
        let page = Page {
            has_ranges: false,
            ..Page::new(bytes)
        };
        let without = web.put(&format!("/without.{extension}"), page);
        [with, without]
    });
    let urls: Vec<String> = urls
        .filter(|url| !url.ends_with("without.parquet") && !url.ends_with(".zst"))
        .collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (summary, answers) = in_parts(&urls, &place, |it| run(&place, it));
    let whole = replayed(&place, &urls, |it| run(&place, it));
    assert_eq!(summary, run(&place, &[&["replay"], &*urls].concat()).stdout);
    assert!(answers == whole.1);
}

#[test]
fn a_plan_needs_a_version_and_contains_no_signature() {
    let (web, place) = (Web::start(), Place::new());
    let url = web.put("/a.jsonl?sig=s3cret", Page::new(generated(10, 1)));
    let refused = run(&place, &["replay", &url, "--plan", "2"]);
    assert_eq!((refused.status, &*refused.stdout), (2, ""));
    assert!(
        refused.stderr.contains("a URL without a query"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("s3cret"), "{}", refused.stderr);

    let page = Page {
        etag: None,
        ..Page::new(generated(10, 1))
    };
    let url = web.put("/a.jsonl", page);
    let refused = run(&place, &["replay", &url, "--plan", "2"]);
    assert_eq!((refused.status, &*refused.stdout), (2, ""));
    assert!(
        refused
            .stderr
            .contains("neither `ETag` nor `Last-Modified`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_query_is_never_printed() {
    let (web, place) = (Web::start(), Place::new());
    let url = web.put("/a.jsonl?sig=s3cret", Page::new(generated(100, 1)));
    let report = [
        "replay",
        &url,
        "--report",
        "report.html",
        "--format",
        "json",
    ];
    let done = run(&place, &report);
    assert_eq!((done.status, &*done.stderr), (0, ""));
    let missing = run(&place, &["replay", &url.replace("a.jsonl", "b.jsonl")]);
    assert_eq!(missing.status, 2);
    assert!(
        missing
            .stderr
            .contains("/b.jsonl?…`: the server has no such file: check the URL"),
        "{}",
        missing.stderr
    );
    for text in [done.stdout, place.read("report.html"), missing.stderr] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    let user = run(&place, &["replay", "http://me:s3cret@127.0.0.1:1/a.jsonl"]);
    assert_eq!(
        (user.status, &*user.stderr),
        (
            2,
            "portcullis: cannot open `http://…@127.0.0.1:1/a.jsonl`: a URL with a user name or a password is not \
             supported; use a signed URL, or download the file\n"
        )
    );
}

#[test]
fn faults_of_a_server_are_repaired_or_reported() {
    let (web, place) = (Web::start(), Place::new());
    let tape = long_tape();
    place.put("local", &tape);
    let expected = replayed(&place, &["local"], |it| place.run(it));
    let page = Page {
        failures: 3,
        ..Page::new(&*tape)
    };
    let url = web.put("/unavailable.jsonl", page);
    assert!(replayed(&place, &[&url], |it| run(&place, it)) == expected);
    // The rest of a range is requested again.
    let page = Page {
        sent_max: 1_500_000,
        ..Page::new(&*tape)
    };
    let url = web.put("/cut.jsonl", page);
    assert!(replayed(&place, &[&url], |it| run(&place, it)) == expected);

    let check = |path: &str, page: Page, expected: &str| {
        let url = web.put(path, page);
        let run = run(&place, &["replay", &url, "--out", "out"]);
        assert_eq!(run.status, 2, "{path}: {}", run.stdout);
        let expected = expected.replace("{url}", &url);
        assert!(run.stderr.contains(&expected), "{path}: {}", run.stderr);
    };
    let changing = Page {
        changes_after: 3,
        ..Page::new(&*tape)
    };
    check(
        "/changing.jsonl",
        changing.clone(),
        "cannot read `{url}` after line ",
    );
    check(
        "/changing.jsonl",
        changing,
        "it has changed since the run began; start again",
    );
    let cut = |bytes: &[u8], etag: Option<&str>| Page {
        has_ranges: false,
        sent_max: 40_000,
        etag: etag.map(str::to_owned),
        ..Page::new(bytes)
    };
    check(
        "/cut-1.jsonl",
        cut(&tape, None),
        "cannot read `{url}` after line ",
    );
    check(
        "/cut-2.jsonl",
        cut(&tape, Some("\"a\"")),
        "cannot read `{url}` after line ",
    );
    check(
        "/cut.jsonl.gz",
        cut(&gzip(&tape), None),
        "cannot read `{url}` after line ",
    );
    let broken = Page {
        failures: usize::MAX,
        ..Page::new("")
    };
    check("/broken.jsonl", broken, "check the URL and the network");
}
