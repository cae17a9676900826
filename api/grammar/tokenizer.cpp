// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/tokenizer.hpp"

#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <algorithm>

namespace api::grammar {
namespace {

bool is_blank(char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c));
}

int hex_digit(char c) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
        return -1;
    }
    return c <= '9' ? c - '0' : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
}

/// Reads the words of one line, a character at a time.
class Scanner {
public:
    explicit Scanner(std::string_view line) : line_(line) {}

    Scan run() {
        while (skip_blanks()) {
            if (line_[at_] == '#') {
                scan_.comment = true;
                break;
            }
            Token token;
            token.begin = at_;
            if (line_[at_] == '|') {
                token.text = "|";
                token.bar = true;
                ++at_;
            } else {
                word(token);
            }
            token.end = at_;
            scan_.tokens.push_back(std::move(token));
        }
        return std::move(scan_);
    }

private:
    bool skip_blanks() {
        while (at_ < line_.size() && is_blank(line_[at_])) {
            ++at_;
        }
        return at_ < line_.size();
    }

    void word(Token& token) {
        while (at_ < line_.size() && !is_blank(line_[at_]) && line_[at_] != '|') {
            const char c = line_[at_++];
            if (c == '\'' || c == '"') {
                token.quoted = true;
                quoted(c, token);
            } else if (c == '\\') {
                token.quoted = true;
                if (at_ == line_.size()) {
                    scan_.open = '\\';
                } else {
                    token.text += line_[at_++];
                }
            } else {
                token.text += c;
            }
        }
    }

    void quoted(char mark, Token& token) {
        while (at_ < line_.size()) {
            const char c = line_[at_++];
            if (c == mark) {
                return;
            }
            if (c == '\\' && mark == '"') {
                escape(token);
            } else {
                token.text += c;
            }
        }
        scan_.open = mark;
    }

    void escape(Token& token) {
        if (at_ == line_.size()) {
            return;
        }
        const char c = line_[at_++];
        if (c == 'x' && at_ + 1 < line_.size()) {
            const int high = hex_digit(line_[at_]);
            const int low = hex_digit(line_[at_ + 1]);
            if (high >= 0 && low >= 0) {
                token.text += static_cast<char>(high * 16 + low);
                at_ += 2;
                return;
            }
        }
        token.text += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }

    std::string_view line_;
    std::size_t at_ = 0;
    Scan scan_;
};

/// Characters that mean something to the scanner or to the shell's keys.
bool is_plain(char c) {
    return !is_blank(c) && !absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '"' &&
           c != '\'' && c != '\\' && c != '#' && c != '|' && c != '?';
}

}  // namespace

Scan scan(std::string_view line) {
    return Scanner(line).run();
}

absl::StatusOr<std::vector<Token>> tokenize(std::string_view line) {
    Scan scanned = scan(line);
    if (scanned.open == '\\') {
        return absl::InvalidArgumentError("the line ends in a backslash: a character must follow");
    }
    if (scanned.open != 0) {
        return absl::InvalidArgumentError(
            fmt::format("the quote {} is not closed before the line ends", scanned.open));
    }
    return std::move(scanned.tokens);
}

std::string quote(std::string_view text) {
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), is_plain);
    return plain ? std::string(text) : force_quote(text);
}

std::string force_quote(std::string_view text) {
    std::string out(1, '"');
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

}  // namespace api::grammar
