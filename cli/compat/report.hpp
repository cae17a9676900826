// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <utility>
#include <vector>

namespace cli::compat {

/// What was found in one file after the other: a sentence each.
class Report {
public:
    /// `type` is what was released: its file is named.
    template <class Type, class... Arguments>
    void say(const Type& type, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        sentences_.push_back(file_of(type) + ": " +
                             fmt::format(text, std::forward<Arguments>(arguments)...));
    }
    std::vector<std::string> take() { return std::move(sentences_); }

private:
    static const std::string& file_of(const google::protobuf::FileDescriptor& file) {
        return file.name();
    }
    template <class Type>
    static const std::string& file_of(const Type& type) {
        return type.file()->name();
    }

    std::vector<std::string> sentences_;
};

}  // namespace cli::compat
