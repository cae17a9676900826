// SPDX-License-Identifier: Apache-2.0
#include "api/config/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace api::config {

absl::StatusOr<Document> Configuration::running() {
    const auto grammar = commands_.grammar();
    if (!grammar.ok()) {
        return grammar.status();
    }
    Document document;
    absl::Status status;
    registry_.config().write([&](std::string_view name, const Message& request) {
        const auto method = registry_.find(name);
        if (method == nullptr) {
            status.Update(absl::InternalError(
                fmt::format("the configuration has a statement of {}, which is not served", name)));
            return;
        }
        auto statement = (*grammar)->statement(method->descriptor(), request);
        statement.ok() ? document.put(*std::move(statement)) : status.Update(statement.status());
    });
    if (!status.ok()) {
        return status;
    }
    return document;
}

absl::StatusOr<Statement> Configuration::statement(std::string_view line) {
    const auto grammar = commands_.grammar();
    if (!grammar.ok()) {
        return grammar.status();
    }
    const auto command = (*grammar)->parse(line);
    if (!command.ok()) {
        return command.status();
    }
    return (*grammar)->statement(*command->method, *command->request);
}

absl::StatusOr<Document> Configuration::read(std::string_view text, std::string_view name) {
    Document document;
    for (const NumberedLine& line : lines_of(text)) {
        auto read = statement(line.text);
        if (!read.ok()) {
            return at_line(read.status(), name, line.number);
        }
        document.put(*std::move(read));
    }
    return document;
}

absl::Status Configuration::edit(Document& document, std::string_view line) {
    const auto grammar = commands_.grammar();
    if (!grammar.ok()) {
        return grammar.status();
    }
    const auto command = (*grammar)->parse(line);
    if (!command.ok()) {
        return command.status();
    }
    const auto canonical = (*grammar)->print(*command->method, *command->request);
    if (!canonical.ok()) {
        return canonical.status();
    }
    if (const Statement* taken = document.find(*canonical)) {
        return take_with_dependents(document, Statement(*taken));
    }
    if (!(*grammar)->makes_statements(*command->method)) {
        return absl::NotFoundError(fmt::format(
            "'{}' takes nothing back that the candidate has, and is no statement itself",
            *canonical));
    }
    auto statement = (*grammar)->statement(*command->method, *command->request);
    if (!statement.ok()) {
        return statement.status();
    }
    if (statement->line == statement->undo) {
        // `set ... off` of what is off.
        return absl::OkStatus();
    }
    document.put(*std::move(statement));
    return absl::OkStatus();
}

absl::Status Configuration::take_with_dependents(Document& document, const Statement& statement) {
    const auto grammar = commands_.grammar();
    if (!grammar.ok()) {
        return grammar.status();
    }
    document.take(statement.undo);
    // What its undo names and it does not, it makes.
    const auto undo = (*grammar)->parse(statement.undo);
    if (!undo.ok()) {
        return undo.status();
    }
    std::set<grammar::Reference> made;
    for (grammar::Reference& name : (*grammar)->names(*undo->request)) {
        if (std::find(statement.names.begin(), statement.names.end(), name) ==
            statement.names.end()) {
            made.insert(std::move(name));
        }
    }
    if (made.empty()) {
        return absl::OkStatus();
    }
    std::vector<Statement> dependents;
    document.visit([&](const Statement& other) {
        if (std::any_of(other.names.begin(), other.names.end(),
                        [&](const auto& name) { return made.contains(name); })) {
            dependents.push_back(other);
        }
    });
    for (const Statement& dependent : dependents) {
        if (absl::Status status = take_with_dependents(document, dependent); !status.ok()) {
            return status;
        }
    }
    return absl::OkStatus();
}

absl::Status Configuration::apply(const Document& target) {
    const auto before = running();
    if (!before.ok()) {
        return before.status();
    }
    const absl::Status status = go_to(target, *before);
    if (status.ok()) {
        return status;
    }
    const auto reached = running();
    const absl::Status back = reached.ok() ? go_to(*before, *reached) : reached.status();
    if (!back.ok()) {
        return absl::InternalError(fmt::format("{}; and what was before could not be restored: {}",
                                               std::string(status.message()),
                                               std::string(back.message())));
    }
    return status;
}

absl::Status Configuration::go_to(const Document& target, const Document& before) {
    InUse in_use;
    if (absl::Status status = take_back(target, before, in_use); !status.ok()) {
        return status;
    }
    return put_in(target, before, in_use);
}

namespace {

absl::Status refused(std::string_view line, const absl::Status& status) {
    return absl::Status(status.code(),
                        fmt::format("'{}': {}", line, std::string(status.message())));
}

}  // namespace

absl::Status Configuration::take_back(const Document& target, const Document& before,
                                      InUse& in_use) {
    absl::Status status;
    before.visit_backwards([&](const Statement& old) {
        const Statement* wanted = target.find(old.undo);
        if (!status.ok() || (wanted != nullptr && (wanted->line == old.line || wanted->replaces))) {
            return;
        }
        // What was taken back before may have taken this with it.
        absl::Status run = commands_.run(old.undo);
        if (absl::IsFailedPrecondition(run)) {
            // What needs it may be about to be replaced by what does not.
            in_use.push_back(old.undo);
        } else if (!run.ok() && !absl::IsNotFound(run)) {
            status = refused(old.undo, run);
        }
    });
    return status;
}

absl::Status Configuration::take_in_use(InUse& in_use) {
    for (const std::string& undo : std::exchange(in_use, {})) {
        if (absl::Status run = commands_.run(undo); !run.ok() && !absl::IsNotFound(run)) {
            return refused(undo, run);
        }
    }
    return absl::OkStatus();
}

absl::Status Configuration::take_replaced(const Document& target) {
    const auto now = running();
    if (!now.ok()) {
        return now.status();
    }
    absl::Status status;
    now->visit_backwards([&](const Statement& old) {
        const Statement* wanted = target.find(old.undo);
        if (status.ok() && wanted != nullptr && wanted->replaces && wanted->line != old.line) {
            if (absl::Status run = commands_.run(old.undo); !run.ok() && !absl::IsNotFound(run)) {
                status = refused(old.undo, run);
            }
        }
    });
    return status;
}

absl::Status Configuration::put_in(const Document& target, const Document& before, InUse& in_use) {
    // A statement may undo in part what another one said: it is then said again, once.
    constexpr int rounds = 2;
    bool out_of_the_way = false;
    for (int round = 0; round < rounds; ++round) {
        const auto now = running();
        if (!now.ok()) {
            return now.status();
        }
        for (const Statement* wanted : target.statements()) {
            if (now->has(*wanted)) {
                continue;
            }
            absl::Status status = commands_.run(wanted->line);
            // What is still to be replaced may be what stands in its way.
            if ((absl::IsFailedPrecondition(status) || absl::IsAlreadyExists(status)) &&
                !std::exchange(out_of_the_way, true)) {
                status = take_replaced(target);
                status.Update(take_in_use(in_use));
                if (status.ok()) {
                    status = commands_.run(wanted->line);
                }
            }
            if (!status.ok()) {
                return refused(wanted->line, status);
            }
        }
        if (absl::Status status = take_in_use(in_use); !status.ok()) {
            return status;
        }
    }
    const auto now = running();
    if (!now.ok()) {
        return now.status();
    }
    // New lines may be written in other words; what was there already must be there as it was.
    for (const Statement* wanted : target.statements()) {
        if (before.has(*wanted) && !now->has(*wanted)) {
            return absl::FailedPreconditionError(
                fmt::format("'{}' would be lost by these changes", wanted->line));
        }
    }
    return absl::OkStatus();
}

}  // namespace api::config
