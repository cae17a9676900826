// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/grammar.hpp"
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

    absl::StatusOr<std::string> run() {
        std::vector<const FieldDescriptor*> set;
        request_.GetReflection()->ListFields(request_, &set);
        for (const FieldDescriptor* field : set) {
            if (!pattern_.binds(*field)) {
                return refuse(*field, "the command has no place for it");
            }
        }
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

absl::StatusOr<std::string> Grammar::print(const google::protobuf::MethodDescriptor& method,
                                           const Message& request) const {
    const auto found = methods_.find(method.full_name());
    if (found == methods_.end()) {
        return absl::NotFoundError(fmt::format("{} has no command", method.full_name()));
    }
    const Message* own = &request;
    std::unique_ptr<Message> converted;
    const Message& prototype = found->second.front()->request();
    if (request.GetDescriptor() != prototype.GetDescriptor()) {
        // A request of an equal type from another pool.
        converted.reset(prototype.New());
        if (!converted->ParseFromString(request.SerializeAsString())) {
            return absl::InvalidArgumentError(fmt::format("a {} is not a request of {}",
                                                          request.GetDescriptor()->full_name(),
                                                          method.full_name()));
        }
        own = converted.get();
    }
    absl::Status first;
    for (const auto& pattern : found->second) {
        absl::StatusOr<std::string> line = Writer(*pattern, *own, forms_).run();
        if (line.ok()) {
            return line;
        }
        first.Update(line.status());
    }
    return first;
}

}  // namespace api::grammar
