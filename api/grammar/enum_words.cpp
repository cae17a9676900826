// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/enum_words.hpp"

#include <absl/strings/ascii.h>

#include <algorithm>

namespace api::grammar {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

/// "LinkState" becomes "LINK_STATE_".
std::string prefix_from_type(const std::string& name) {
    std::string prefix;
    for (const char c : name) {
        if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) {
            prefix += '_';
        }
        prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
    }
    return prefix + '_';
}

/// How many leading characters the names of all values share, up to and with a '_'. The type's own
/// name goes first, so that the values of one family in it do not lose more than that.
std::size_t shared_prefix(const EnumDescriptor& type) {
    const std::string own = prefix_from_type(type.name());
    bool all_own = true;
    std::string shared = type.value(0)->name();
    for (int i = 0; i < type.value_count(); ++i) {
        const std::string& name = type.value(i)->name();
        all_own = all_own && name.size() > own.size() && name.starts_with(own);
        const auto [end, ignored] =
            std::mismatch(shared.begin(), shared.end(), name.begin(), name.end());
        shared.erase(end, shared.end());
    }
    if (all_own) {
        return own.size();
    }
    const std::size_t last = shared.rfind('_');
    const bool single = type.value_count() == 1;
    return last == std::string::npos || single ? 0 : last + 1;
}

bool can_be_typed(const EnumValueDescriptor& value) {
    return value.number() != 0 || !value.name().ends_with("UNSPECIFIED");
}

}  // namespace

std::string word_of(const EnumValueDescriptor& value) {
    std::string word = value.name().substr(shared_prefix(*value.type()));
    for (char& c : word) {
        c = c == '_' ? '-' : absl::ascii_tolower(static_cast<unsigned char>(c));
    }
    return word;
}

const EnumValueDescriptor* value_of(const EnumDescriptor& type, std::string_view word) {
    for (int i = 0; i < type.value_count(); ++i) {
        if (can_be_typed(*type.value(i)) && word_of(*type.value(i)) == word) {
            return type.value(i);
        }
    }
    return nullptr;
}

std::vector<std::string> words_of(const EnumDescriptor& type) {
    std::vector<std::string> words;
    for (int i = 0; i < type.value_count(); ++i) {
        if (can_be_typed(*type.value(i))) {
            words.push_back(word_of(*type.value(i)));
        }
    }
    return words;
}

}  // namespace api::grammar
