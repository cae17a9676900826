// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex.h>

#include <string>

namespace cli {

/// A compiled POSIX extended regular expression: its time is bounded where std::regex's is not.
class Expression {
public:
    explicit Expression(const std::string& text)
        : error_(regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
    ~Expression() {
        if (error_ == 0) {
            regfree(&regex_);
        }
    }
    Expression(const Expression&) = delete;
    Expression& operator=(const Expression&) = delete;

    bool matches(const std::string& text) const {
        return error_ == 0 && regexec(&regex_, text.c_str(), 0, nullptr, 0) == 0;
    }

    /// Why a text is no expression, or "".
    static std::string check(const std::string& text) {
        const Expression expression(text);
        char why[200] = "";
        if (expression.error_ != 0) {
            regerror(expression.error_, &expression.regex_, why, sizeof why);
        }
        return why;
    }

private:
    regex_t regex_;
    const int error_;
};

}  // namespace cli
