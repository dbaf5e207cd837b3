//! Sizes, and what is not left behind in the code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::Visit;

use super::{Finding, Workspace, workspace::RustFile};

const FILE_WANTED: usize = 400;
const FILE_LIMIT: usize = 800;
const FUNCTION_LIMIT: usize = 60;

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &workspace.rust {
        findings.extend(file_size(file));
        findings.extend(function_sizes(file));
        findings.extend(left_behind(file));
    }
    findings
}

fn file_size(file: &RustFile) -> Option<Finding> {
    let lines = file.lines;
    if lines > FILE_LIMIT {
        let message = format!("{lines} lines; the limit is {FILE_LIMIT}: split it by subject");
        Some(Finding::error(&file.path, 1, message))
    } else if lines > FILE_WANTED {
        let message = format!("{lines} lines, more than {FILE_WANTED}: has a second subject moved in?");
        Some(Finding::warning(&file.path, 1, message))
    } else {
        None
    }
}

fn function_sizes(file: &RustFile) -> Vec<Finding> {
    let mut functions = Functions { path: &file.path, findings: Vec::new() };
    functions.visit_file(&file.syntax);
    functions.findings
}

struct Functions<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line - first + 1;
        if lines > FUNCTION_LIMIT {
            let message =
                format!("`{}` has {lines} lines; the limit is {FUNCTION_LIMIT}: name its parts", signature.ident);
            self.findings.push(Finding::error(self.path, first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

/// Clippy finds most of these too, but not inside of macros, nor in code that is configured away.
fn left_behind(file: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let in_tests = !file.path.contains("/src/");
    scan(file.tokens.clone(), in_tests, &mut |line, message| {
        findings.push(Finding::error(&file.path, line, message));
    });
    findings
}

fn scan(tokens: TokenStream, in_tests: bool, report: &mut impl FnMut(usize, &'static str)) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut tested = in_tests;
    for (index, token) in tokens.iter().enumerate() {
        let rest = &tokens[index..];
        if let Some(message) = forbidden(rest).or_else(|| {
            (!tested && is_unwrap(rest)).then_some(
                "`.unwrap()` outside of tests: return the error, or `expect` with the reason why it cannot fail",
            )
        }) {
            report(token.span().start().line, message);
        }
        match token {
            TokenTree::Group(group) => {
                scan(group.stream(), tested, report);
                if group.delimiter() == Delimiter::Brace {
                    tested = in_tests;
                } else if is_attribute(&tokens, index) && is_test_attribute(&group.stream()) {
                    // Holds until the item that the attribute marks ends.
                    tested = true;
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => tested = in_tests,
            _ => {}
        }
    }
}

fn forbidden(tokens: &[TokenTree]) -> Option<&'static str> {
    if let [TokenTree::Ident(name), bang, ..] = tokens
        && is_punct(bang, '!')
    {
        return match name.to_string().as_str() {
            "todo" | "unimplemented" => Some("unfinished code: finish it or leave it out"),
            "dbg" => Some("`dbg!` was left behind"),
            _ => None,
        };
    }
    attribute_names_allow(tokens).then_some("`allow` hides a lint for good: use #[expect(lint, reason = \"…\")]")
}

/// `#[allow(…)]`, `#![allow(…)]`, or `allow` inside of `cfg_attr`.
fn attribute_names_allow(tokens: &[TokenTree]) -> bool {
    let group = match tokens {
        [hash, TokenTree::Group(group), ..] if is_punct(hash, '#') => group,
        [hash, bang, TokenTree::Group(group), ..] if is_punct(hash, '#') && is_punct(bang, '!') => group,
        _ => return false,
    };
    let words: Vec<_> = group.stream().into_iter().collect();
    match words.as_slice() {
        [TokenTree::Ident(name), ..] if name == "allow" => true,
        [TokenTree::Ident(name), TokenTree::Group(inner), ..] if name == "cfg_attr" => {
            inner.stream().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "allow"))
        }
        _ => false,
    }
}

fn is_unwrap(tokens: &[TokenTree]) -> bool {
    matches!(
        tokens,
        [dot, TokenTree::Ident(name), TokenTree::Group(arguments), ..]
            if is_punct(dot, '.') && name == "unwrap" && arguments.stream().is_empty()
    )
}

/// Whether the group at `index` is the bracket of an outer attribute.
fn is_attribute(tokens: &[TokenTree], index: usize) -> bool {
    index > 0 && is_punct(&tokens[index - 1], '#')
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
fn is_test_attribute(attribute: &TokenStream) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text == "cfg(test)" || text == "test" || text.ends_with("::test") || text.contains("::test(")
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{
        Severity,
        testing::{assert_found, findings},
    };

    const FILE: &str = "crates/x/src/lib.rs";

    #[track_caller]
    fn assert_line(code: &str, lines: &[usize]) {
        let expected: Vec<_> = lines.iter().map(|line| format!("{FILE}:{line}")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        assert_found(check, &[(FILE, code)], &expected);
    }

    #[test]
    fn a_long_file_is_a_warning_and_a_very_long_one_an_error() {
        for (lines, expected) in
            [(FILE_WANTED, None), (FILE_WANTED + 1, Some(Severity::Warning)), (FILE_LIMIT + 1, Some(Severity::Error))]
        {
            let found = findings(check, &[(FILE, &"//\n".repeat(lines))]);
            assert_eq!(found.first().map(|finding| finding.severity), expected, "{lines}");
        }
    }

    #[test]
    fn a_function_of_more_than_sixty_lines_is_caught_wherever_it_stands() {
        let body = "let _a = 1;\n".repeat(FUNCTION_LIMIT - 1);
        assert_line(&format!("fn whole() {{\n{}}}", "let _a = 1;\n".repeat(FUNCTION_LIMIT - 2)), &[]);
        assert_line(&format!("fn f() {{\n{body}}}"), &[1]);
        assert_line(&format!("struct S;\nimpl S {{\nfn f() {{\n{body}}}\n}}"), &[3]);
        assert_line(&format!("trait T {{\nfn f() {{\n{body}}}\n}}"), &[2]);
        assert_line(&format!("mod m {{\nfn f() {{\n{body}}}\n}}"), &[2]);
    }

    #[test]
    fn left_overs_are_caught_inside_of_macros_too() {
        assert_line("fn f() { todo!() }", &[1]);
        assert_line("fn f() { unimplemented!() }", &[1]);
        assert_line("fn f() {\nvec![dbg!(1)];\n}", &[2]);
        assert_line("macro_rules! m { () => {\nfoo().unwrap()\n} }", &[2]);
        assert_line("fn f() { g().unwrap_or_default(); }", &[]);
    }

    #[test]
    fn allow_is_caught_in_every_form() {
        assert_line("#[allow(dead_code)]\nfn f() {}", &[1]);
        assert_line("#![allow(dead_code)]", &[1]);
        assert_line("#[cfg_attr(docsrs, allow(dead_code))]\nfn f() {}", &[1]);
        assert_line("#[expect(dead_code, reason = \"shown in the guide\")]\nfn f() {}", &[]);
    }

    #[test]
    fn unwrap_is_for_tests() {
        assert_line("fn f() {\ng().unwrap();\n}", &[2]);
        assert_line("#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }", &[]);
        assert_line("#[cfg(test)]\nuse x::y;\nfn f() { g().unwrap(); }", &[3]);
        assert_line("#[cfg(test)]\nmod tests {}\nfn f() { g().unwrap(); }", &[3]);
        assert_found(check, &[("crates/x/tests/it/main.rs", "fn f() { g().unwrap(); }")], &[]);
    }
}
