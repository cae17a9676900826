// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// A part of a pattern: a word, a placeholder or an optional group.
struct Element {
    enum class Kind { word, field, group };

    Kind kind = Kind::word;
    /// Of a word.
    std::string word;
    /// Of a placeholder.
    const google::protobuf::FieldDescriptor* field = nullptr;
    /// Of a group.
    std::vector<Element> inside;

    /// True of a group that is known by its first word, and by a field whether a line had it: it
    /// begins with a word and holds a field outside all groups inside.
    bool is_option() const;
};

/// A step from one state of a pattern to another, taken by one word of the line.
struct Edge {
    const Element* element = nullptr;
    unsigned to = 0;
    /// The option that the step begins, which a line has once at most. Else null.
    const Element* group = nullptr;
};

/// Where a line can stand within a pattern.
struct State {
    std::vector<Edge> edges;
    /// The line may end here.
    bool final = false;
};

/// One command line of a method, bound to the fields of its request: "add route <prefix> via
/// <next_hop> [interface <interface>]". Words stand for themselves; <field> takes one value, or
/// with
/// `...` behind it and at the end of the line one or more of a repeated field; [...] may be left
/// out. Immutable.
class Pattern {
public:
    /// Refused with a sentence where the text is malformed, names a field that the request does not
    /// have or that has no text form, binds a field twice, or can read one line in two ways.
    static absl::StatusOr<std::unique_ptr<Pattern>> compile(
        std::string_view text, const google::protobuf::MethodDescriptor& method,
        const google::protobuf::Message& request, const TextForms& forms);

    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;

    const std::string& text() const { return text_; }
    const google::protobuf::MethodDescriptor& method() const { return *method_; }
    /// The request's default instance.
    const google::protobuf::Message& request() const { return *request_; }
    const std::vector<Element>& elements() const { return elements_; }
    /// State 0 is where the line begins.
    const std::vector<State>& states() const { return states_; }
    bool binds(const google::protobuf::FieldDescriptor& field) const;
    /// True where the text is one of the pattern's own words.
    bool has_word(std::string_view text) const;

private:
    Pattern() = default;

    std::string text_;
    const google::protobuf::MethodDescriptor* method_ = nullptr;
    const google::protobuf::Message* request_ = nullptr;
    std::vector<Element> elements_;
    std::vector<State> states_;
};

}  // namespace api::grammar
