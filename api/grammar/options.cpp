// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/options.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>

namespace api::grammar {
namespace {

template <class Options>
Options with_extensions(const Options& options) {
    if (options.unknown_fields().empty()) {
        return options;
    }
    Options parsed;
    return parsed.ParseFromString(options.SerializeAsString()) ? parsed : options;
}

/// Up to the first full stop that ends a sentence, or to the first empty line.
std::string first_sentence(const std::string& comment) {
    std::string sentence;
    bool line_is_empty = false;
    for (std::size_t i = 0; i < comment.size(); ++i) {
        const char c = comment[i];
        if (c == '\n' && line_is_empty && !sentence.empty()) {
            break;
        }
        if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
            line_is_empty = line_is_empty || c == '\n';
            if (!sentence.empty() && sentence.back() != ' ') {
                sentence += ' ';
            }
            continue;
        }
        line_is_empty = false;
        const bool word_ends = i + 1 == comment.size() ||
                               absl::ascii_isspace(static_cast<unsigned char>(comment[i + 1]));
        if (c == '.' && word_ends) {
            break;
        }
        sentence += c;
    }
    absl::StripTrailingAsciiWhitespace(&sentence);
    return sentence;
}

template <class Descriptor>
std::string raw_comment(const Descriptor& descriptor) {
    google::protobuf::SourceLocation location;
    if (!descriptor.GetSourceLocation(&location)) {
        return {};
    }
    return location.leading_comments.empty() ? location.trailing_comments
                                             : location.leading_comments;
}

template <class Descriptor>
std::string summary(const Descriptor& descriptor) {
    return first_sentence(raw_comment(descriptor));
}

/// Lines of one paragraph become one; an empty line begins the next.
std::string paragraphs(const std::string& comment) {
    std::string text;
    for (const auto line : absl::StrSplit(comment, '\n')) {
        const std::string stripped(absl::StripAsciiWhitespace(line));
        const bool begins = text.empty() || text.back() == '\n';
        if (stripped.empty()) {
            text += begins ? "" : "\n";
        } else {
            text += (begins ? "" : " ") + stripped;
        }
    }
    absl::StripTrailingAsciiWhitespace(&text);
    return text;
}

}  // namespace

google::protobuf::MethodOptions options_of(const google::protobuf::MethodDescriptor& method) {
    return with_extensions(method.options());
}

google::protobuf::FieldOptions options_of(const google::protobuf::FieldDescriptor& field) {
    return with_extensions(field.options());
}

std::string summary_of(const google::protobuf::ServiceDescriptor& service) {
    return summary(service);
}

std::string summary_of(const google::protobuf::MethodDescriptor& method) {
    return summary(method);
}

std::string summary_of(const google::protobuf::FieldDescriptor& field) {
    return summary(field);
}

std::string summary_of(const google::protobuf::EnumValueDescriptor& value) {
    return summary(value);
}

std::string comment_of(const google::protobuf::FileDescriptor& file) {
    // The file's own comment stands above its package.
    google::protobuf::SourceLocation location;
    return file.GetSourceLocation({google::protobuf::FileDescriptorProto::kPackageFieldNumber},
                                  &location)
               ? paragraphs(location.leading_comments)
               : std::string();
}

std::string comment_of(const google::protobuf::ServiceDescriptor& service) {
    return paragraphs(raw_comment(service));
}

std::string comment_of(const google::protobuf::MethodDescriptor& method) {
    return paragraphs(raw_comment(method));
}

std::string comment_of(const google::protobuf::Descriptor& message) {
    return paragraphs(raw_comment(message));
}

std::string comment_of(const google::protobuf::FieldDescriptor& field) {
    return paragraphs(raw_comment(field));
}

std::string comment_of(const google::protobuf::EnumDescriptor& type) {
    return paragraphs(raw_comment(type));
}

std::string comment_of(const google::protobuf::EnumValueDescriptor& value) {
    return paragraphs(raw_comment(value));
}

}  // namespace api::grammar
