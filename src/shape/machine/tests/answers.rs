//! What an answer that is no log says to the app.

use super::*;

#[test]
fn a_refusal_says_what_is_to_be_done() {
    let page = [("content-type", "text/html")];
    let cases: [(u16, &[(&str, &str)], &str, &str); 9] = [
        (0, &[], "", "redirects"),
        (302, &page, "<html>", "redirects"),
        (
            414,
            &[],
            "",
            "414; the URL is too long: shorten where or columns",
        ),
        (404, &[], "no such path", "404, no such path"),
        (404, &[], "", "404"),
        (401, &page, "<html>", "401 with HTML"),
        (403, &[], r#"{"error":"not yours"}"#, "403, not yours"),
        (
            400,
            &[],
            r#"{"message":"Invalid request","errors":{"table":["no","none"]}}"#,
            "400, table: no, none",
        ),
        (
            400,
            &[],
            r#"{"message":"Invalid request","errors":{"table":7}}"#,
            "400, table: 7",
        ),
    ];
    for (status, headers, body, says) in cases {
        let mut world = World::catching_up("H", "10_0");
        let steps = world.answer(status, headers, body);
        let error = failure(&steps).to_string();
        assert!(error.contains(says), "{status}: {error}");
    }
}
