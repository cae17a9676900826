// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/command_lines.hpp"

#include "api/grammar/json.hpp"

namespace plugins::host::testing {

CommandLines::CommandLines(const api::Registry& registry) : registry_(registry), grammar_(forms_) {
    for (const auto& method : registry.methods()) {
        (void)grammar_.add_method(method->descriptor());
    }
}

absl::StatusOr<std::vector<std::string>> CommandLines::run(const std::string& line) const {
    const auto command = grammar_.parse(line);
    if (!command.ok()) {
        return command.status();
    }
    std::vector<std::string> replies;
    absl::Status status = registry_.call_local(
        command->method->full_name(), *command->request, [&](const api::Message& reply) {
            replies.push_back(api::grammar::to_json(reply, forms_));
            return absl::OkStatus();
        });
    if (!status.ok()) {
        return status;
    }
    return replies;
}

}  // namespace plugins::host::testing
