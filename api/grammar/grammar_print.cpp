// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/grammar.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/tokenizer.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool is_set(const Message& request, const FieldDescriptor& field) {
    const auto& reflection = *request.GetReflection();
    return field.is_repeated() ? reflection.FieldSize(request, &field) > 0
                               : reflection.HasField(request, &field);
}

/// Writes one request by one pattern.
class Writer {
public:
    Writer(const Pattern& pattern, const Message& request, const TextForms& forms)
        : pattern_(pattern), request_(request), forms_(forms) {}

    /// All that the request says.
    absl::StatusOr<std::string> run() {
        std::vector<const FieldDescriptor*> set;
        request_.GetReflection()->ListFields(request_, &set);
        for (const FieldDescriptor* field : set) {
            if (!pattern_.binds(*field)) {
                return refuse(*field, "the command has no place for it");
            }
        }
        return run_part();
    }

    /// What the pattern has a place for.
    absl::StatusOr<std::string> run_part() {
        if (absl::Status status = sequence(pattern_.elements()); !status.ok()) {
            return status;
        }
        return line_;
    }

private:
    absl::Status refuse(const FieldDescriptor& field, std::string_view why) const {
        return absl::InvalidArgumentError(
            fmt::format("a request of {} cannot be written as '{}', because of its field '{}': {}",
                        pattern_.method().full_name(), pattern_.text(), field.name(), why));
    }

    bool any_set(const std::vector<Element>& elements) const {
        return std::any_of(elements.begin(), elements.end(), [this](const Element& element) {
            return element.kind == Element::Kind::group
                       ? any_set(element.inside)
                       : element.kind == Element::Kind::field && is_set(request_, *element.field);
        });
    }

    absl::Status sequence(const std::vector<Element>& elements) {
        for (const Element& element : elements) {
            absl::Status status;
            switch (element.kind) {
                case Element::Kind::word:
                    append(element.word);
                    break;
                case Element::Kind::field:
                    status = values(*element.field);
                    break;
                case Element::Kind::group:
                    status = any_set(element.inside) ? sequence(element.inside) : absl::OkStatus();
                    break;
            }
            if (!status.ok()) {
                return status;
            }
        }
        return absl::OkStatus();
    }

    absl::Status values(const FieldDescriptor& field) {
        if ((field.has_presence() || field.is_repeated()) && !is_set(request_, field)) {
            return refuse(field, "it is not set");
        }
        if (!field.is_repeated()) {
            return value(field, -1);
        }
        for (int i = 0; i < request_.GetReflection()->FieldSize(request_, &field); ++i) {
            if (absl::Status status = value(field, i); !status.ok()) {
                return status;
            }
        }
        return absl::OkStatus();
    }

    absl::Status value(const FieldDescriptor& field, int index) {
        const std::string text = forms_.print(request_, field, index);
        const std::unique_ptr<Message> scratch(request_.New());
        if (absl::Status status = forms_.parse(field, text, *scratch); !status.ok()) {
            return refuse(field, std::string(status.message()));
        }
        // Unquoted, it would be read as the pattern's word.
        append(pattern_.has_word(text) ? force_quote(text) : quote(text));
        return absl::OkStatus();
    }

    void append(std::string_view word) {
        line_ += line_.empty() ? "" : " ";
        line_ += word;
    }

    const Pattern& pattern_;
    const Message& request_;
    const TextForms& forms_;
    std::string line_;
};

}  // namespace

/// Takes out of the request what goes without saying.
void Grammar::leave_out_defaults(const Known& known, const TextForms& forms, Said& said) {
    for (const auto& [field, text] : known.defaults) {
        if (!said.request->GetReflection()->HasField(*said.request, field) ||
            forms.print(*said.request, *field) != text) {
            continue;
        }
        if (said.copy == nullptr) {
            said.copy.reset(said.request->New());
            said.copy->CopyFrom(*said.request);
            said.request = said.copy.get();
        }
        said.copy->GetReflection()->ClearField(said.copy.get(), field);
    }
}

absl::StatusOr<Grammar::Said> Grammar::say(const google::protobuf::MethodDescriptor& method,
                                           const Message& request) const {
    const auto found = methods_.find(method.full_name());
    if (found == methods_.end()) {
        return absl::NotFoundError(fmt::format("{} has no command", method.full_name()));
    }
    Said said{&found->second, 0, {}, &request, nullptr};
    const Patterns& lines = found->second.lines;
    const Message& prototype = lines.front()->request();
    if (request.GetDescriptor() != prototype.GetDescriptor()) {
        // A request of an equal type from another pool.
        said.copy.reset(prototype.New());
        if (!said.copy->ParseFromString(request.SerializeAsString())) {
            return absl::InvalidArgumentError(fmt::format("a {} is not a request of {}",
                                                          request.GetDescriptor()->full_name(),
                                                          method.full_name()));
        }
        said.request = said.copy.get();
    }
    leave_out_defaults(found->second, forms_, said);
    absl::Status first;
    for (; said.number < lines.size(); ++said.number) {
        absl::StatusOr<std::string> line = Writer(*lines[said.number], *said.request, forms_).run();
        if (line.ok()) {
            said.line = *std::move(line);
            return said;
        }
        first.Update(line.status());
    }
    return first;
}

absl::StatusOr<std::string> Grammar::print(const google::protobuf::MethodDescriptor& method,
                                           const Message& request) const {
    absl::StatusOr<Said> said = say(method, request);
    if (!said.ok()) {
        return said.status();
    }
    return std::move(said->line);
}

absl::StatusOr<Statement> Grammar::statement(const google::protobuf::MethodDescriptor& method,
                                             const Message& request) const {
    absl::StatusOr<Said> said = say(method, request);
    if (!said.ok()) {
        return said.status();
    }
    const Patterns& undo = said->known->undo;
    if (undo.empty()) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no part of a configuration", said->line));
    }
    const Pattern& back = *undo[undo.size() == 1 ? 0 : said->number];
    const std::vector<int>& stages = said->known->stages;
    const int stage = stages.empty() ? 0 : stages[stages.size() == 1 ? 0 : said->number];
    absl::StatusOr<std::string> taken_back = Writer(back, *said->request, forms_).run_part();
    if (!taken_back.ok()) {
        return taken_back.status();
    }
    return Statement{std::move(said->line), *std::move(taken_back), names(*said->request), stage,
                     said->known->replaces};
}

bool Grammar::makes_statements(const google::protobuf::MethodDescriptor& method) const {
    const auto found = methods_.find(method.full_name());
    return found != methods_.end() && !found->second.undo.empty();
}

std::vector<Reference> Grammar::names(const Message& request) const {
    std::vector<Reference> names;
    std::vector<const FieldDescriptor*> set;
    request.GetReflection()->ListFields(request, &set);
    for (const FieldDescriptor* field : set) {
        const std::string source = options_of(*field).GetExtension(sluice::values_from);
        if (source.empty() || !forms_.covers(*field)) {
            continue;
        }
        if (!field->is_repeated()) {
            names.push_back({source, forms_.print(request, *field)});
            continue;
        }
        for (int i = 0; i < request.GetReflection()->FieldSize(request, field); ++i) {
            names.push_back({source, forms_.print(request, *field, i)});
        }
    }
    return names;
}

}  // namespace api::grammar
