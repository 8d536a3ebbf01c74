//! A script's text: checked for depth, parsed, and asked for the line of a place.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Expr, Stmt};
use ruff_python_parser::{Mode, lexer, parse_expression, parse_module};
use ruff_text_size::{Ranged, TextRange};

use crate::error::{CallSite, ErrorKind, Eval, Fault, Place, Report, ScriptError};
use crate::limits::Limits;

/// Brackets inside brackets; CPython's own bound (`MAXSTACK` in its tokenizer).
const BRACKET_DEPTH: usize = 200;

/// Blocks inside blocks; CPython's own bound (`MAXINDENT`).
const INDENTATION_DEPTH: usize = 100;

/// Operators and keywords in one logical line. Each may nest the ones after it (`-` in `- - - x`), and each level takes
/// some 2 KiB of the parser's stack.
const OPERATORS_IN_A_LINE: usize = 10_000;

/// Dots and opening brackets in one logical line: each may be one more link of a chain like `x.a().b()`.
const LINKS_IN_A_LINE: usize = 50_000;

/// Characters of a line that an error shows, so that the error about a line of a megabyte stays readable.
const LINE_SHOWN: usize = 160;

/// A named text.
#[derive(Debug)]
pub(crate) struct Source<'t> {
    name: &'t str,
    text: &'t str,
}

impl<'t> Source<'t> {
    pub(crate) fn new(name: &'t str, text: &'t str, limits: &Limits) -> Result<Self, ScriptError> {
        let source = Self { name, text };
        if text.len() > limits.source_bytes {
            let message = format!(
                "the script has {} bytes, more than the {} allowed",
                text.len(),
                limits.source_bytes
            );
            return Err(source.locate(*Fault::new(ErrorKind::Limit, message)));
        }
        Ok(source)
    }

    pub(crate) fn statements(&self) -> Result<Vec<Stmt>, ScriptError> {
        self.check_depth().map_err(|fault| self.locate(*fault))?;
        match parse_module(self.text) {
            Ok(parsed) => Ok(parsed.into_syntax().body),
            Err(error) => Err(self.syntax_error(&error)),
        }
    }

    pub(crate) fn expression(&self) -> Result<Expr, ScriptError> {
        self.check_depth().map_err(|fault| self.locate(*fault))?;
        match parse_expression(self.text) {
            Ok(parsed) => Ok(*parsed.into_syntax().body),
            Err(error) => Err(self.syntax_error(&error)),
        }
    }

    fn syntax_error(&self, error: &ruff_python_parser::ParseError) -> ScriptError {
        let mut message = error.error.to_string();
        if message.len() > 200 {
            message = message.chars().take(200).collect();
        }
        self.locate(*Fault::new(ErrorKind::Syntax, message).at(error.range()))
    }

    /// Refuses text that would nest the parser too deep; the lexer itself does not recurse. It does not tell where it
    /// is, so these errors have no place.
    fn check_depth(&self) -> Eval<()> {
        let mut lexer = lexer::lex(self.text, Mode::Module);
        let (mut brackets, mut blocks) = (0_usize, 0_usize);
        let (mut operators, mut links) = (0_usize, 0_usize);
        loop {
            match lexer.next_token() {
                TokenKind::EndOfFile => return Ok(()),
                TokenKind::Newline => (operators, links) = (0, 0),
                TokenKind::Indent => blocks += 1,
                TokenKind::Dedent => blocks = blocks.saturating_sub(1),
                TokenKind::Lpar
                | TokenKind::Lsqb
                | TokenKind::Lbrace
                | TokenKind::FStringStart
                | TokenKind::TStringStart => {
                    brackets += 1;
                    links += 1;
                }
                TokenKind::Dot => links += 1,
                TokenKind::Rpar
                | TokenKind::Rsqb
                | TokenKind::Rbrace
                | TokenKind::FStringEnd
                | TokenKind::TStringEnd => brackets = brackets.saturating_sub(1),
                TokenKind::Comma
                | TokenKind::Equal
                | TokenKind::Name
                | TokenKind::Int
                | TokenKind::Float
                | TokenKind::String
                | TokenKind::NonLogicalNewline
                | TokenKind::Comment => {}
                _ => operators += 1,
            }
            let message = if brackets > BRACKET_DEPTH {
                format!("brackets lie more than {BRACKET_DEPTH} deep inside each other")
            } else if blocks > INDENTATION_DEPTH {
                format!("blocks lie more than {INDENTATION_DEPTH} deep inside each other")
            } else if operators > OPERATORS_IN_A_LINE {
                format!("one statement has more than {OPERATORS_IN_A_LINE} operators")
            } else if links > LINKS_IN_A_LINE {
                format!("one statement has more than {LINKS_IN_A_LINE} dots and brackets")
            } else {
                continue;
            };
            return Err(Fault::new(ErrorKind::Limit, message));
        }
    }

    /// Turns a fault on its way up into the error that a user sees.
    pub(crate) fn locate(&self, fault: Fault) -> ScriptError {
        let calls = fault
            .calls
            .iter()
            .map(|(function, range)| CallSite {
                function: function.to_string(),
                place: self.place(*range),
            })
            .collect();
        ScriptError(Box::new(Report {
            kind: fault.kind,
            message: fault.message,
            hint: fault.hint,
            file: self.name.to_owned(),
            place: fault.range.map(|range| self.place(range)),
            calls,
        }))
    }

    fn place(&self, range: TextRange) -> Place {
        let start = floor(self.text, range.start().to_usize());
        let end = floor(self.text, range.end().to_usize()).max(start);
        let before = &self.text[..start];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line_end =
            self.text[start..].find(['\n', '\r']).map_or(self.text.len(), |at| start + at);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let column = 1 + self.text[line_start..start].chars().count();
        let width = self.text[start..end.min(line_end)].chars().count().max(1);
        let line_text = &self.text[line_start..line_end];
        let skipped = match line_text.chars().count() {
            0..=LINE_SHOWN => 0,
            _ => (column - 1).saturating_sub(LINE_SHOWN / 4),
        };
        let text: String = line_text.chars().skip(skipped).take(LINE_SHOWN).collect();
        let indent = column - 1 - skipped;
        let width = width.min(LINE_SHOWN - indent.min(LINE_SHOWN - 1));
        Place { file: self.name.to_owned(), line, column, text, indent, width }
    }
}

/// The nearest character boundary at or before a byte position.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
