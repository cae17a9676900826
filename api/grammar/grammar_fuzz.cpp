// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "api/grammar/escape.hpp"
#include "api/grammar/testing/fixture.hpp"
#include "api/grammar/tokenizer.hpp"

/// A line from anywhere is read, completed and, if it was understood, written and read again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace api::grammar;
    static const TextForms forms;
    static const testing::DynamicSchema schema;
    static Grammar& grammar = []() -> Grammar& {
        static Grammar made(forms);
        schema.add_to(made);
        return made;
    }();

    const std::string_view line(reinterpret_cast<const char*>(data), size);
    for (const Token& token : scan(line).tokens) {
        const Scan again = scan(quote(token.text));
        if (!token.bar && (again.tokens.size() != 1 || again.tokens[0].text != token.text)) {
            std::abort();
        }
    }
    grammar.complete(line);
    const absl::StatusOr<Command> command = grammar.parse(line);
    if (!command.ok()) {
        if (!is_utf8({command.status().message().data(), command.status().message().size()})) {
            std::abort();
        }
        return 0;
    }
    const absl::StatusOr<std::string> printed = grammar.print(*command->method, *command->request);
    const absl::StatusOr<Command> again = printed.ok() ? grammar.parse(*printed) : printed.status();
    if (!again.ok() || again->method != command->method ||
        again->request->SerializeAsString() != command->request->SerializeAsString()) {
        std::abort();
    }
    return 0;
}
