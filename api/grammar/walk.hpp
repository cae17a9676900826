// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "api/grammar/pattern.hpp"
#include "api/grammar/tokenizer.hpp"

namespace api::grammar {

/// A value that a line gives to a field of the request.
struct Binding {
    const google::protobuf::FieldDescriptor* field = nullptr;
    std::string text;
};

/// One reading of the words so far: the pattern, where in it they end, and the values they gave.
struct Thread {
    const Pattern* pattern = nullptr;
    unsigned state = 0;
    /// How many words of the pattern were matched; more of them is the better reading.
    unsigned words = 0;
    std::vector<Binding> bindings;
};

/// What could come next.
struct Choice {
    const Thread* thread = nullptr;
    const Edge* edge = nullptr;
};

/// Follows a line through all patterns at once, word by word. It refers to the patterns and forms
/// it was given. One thread.
class Walk {
public:
    Walk(const std::vector<const Pattern*>& patterns, const TextForms& forms);

    /// Takes the next word. The error says what is wrong with it and what would be accepted; the
    /// walk then stays where it was.
    absl::Status step(const Token& token);

    std::vector<Choice> choices() const;

    /// The patterns that still fit, each once.
    std::vector<const Pattern*> patterns() const;

    /// The best reading that may end here, or null.
    const Thread* finished() const;

    /// The sentence for a line that ends where it may not.
    absl::Status too_short() const;

private:
    std::vector<Thread> advance(const Token& token, absl::Status& value_error) const;
    std::vector<Thread> advance_abbreviated(const Token& token, absl::Status& error) const;
    absl::Status refuse(const Token& token, const absl::Status& value_error) const;
    std::string place() const;
    std::string accepted() const;

    const TextForms& forms_;
    std::vector<Thread> threads_;
    /// The words taken so far, for the sentences.
    std::vector<std::string> taken_;
};

}  // namespace api::grammar
