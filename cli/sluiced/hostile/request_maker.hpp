// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/sluiced/hostile/decisions.hpp"

namespace cli::hostile {

/// Fills requests of any type from their descriptors with what handlers like least: names and
/// addresses that exist and such that nearly do, limits and what lies beyond, enum values that are
/// none, texts that are long, no UTF-8, a path or a terminal's escape sequence, lists without end.
/// Most values are ones that might well be taken, or no handler would get far.
class RequestMaker {
public:
    /// What a text field of some name may well hold: "interface" the names of those that exist.
    using Words = std::map<std::string, std::vector<std::string>, std::less<>>;

    explicit RequestMaker(Words words) : words_(std::move(words)) {}

    /// What is set is cleared first.
    void fill(google::protobuf::Message& message, Decisions& decisions) const;

private:
    void fill(google::protobuf::Message& message, Decisions& decisions, unsigned depth) const;
    void set(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
             Decisions& decisions, unsigned depth) const;
    void add(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
             Decisions& decisions, unsigned depth) const;
    std::string text(const google::protobuf::FieldDescriptor& field, Decisions& decisions) const;

    const Words words_;
};

}  // namespace cli::hostile
