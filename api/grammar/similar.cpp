// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/similar.hpp"

#include <algorithm>

namespace api::grammar {

bool one_slip_apart(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) {
        std::swap(a, b);
    }
    if (b.size() - a.size() > 1 || a == b) {
        return false;
    }
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
    const auto at = static_cast<std::size_t>(differ);
    if (a.size() < b.size()) {
        return a.substr(at) == b.substr(at + 1);
    }
    if (a.substr(at + 1) == b.substr(at + 1)) {
        return true;
    }
    return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] &&
           a.substr(at + 2) == b.substr(at + 2);
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& words) {
    constexpr std::size_t most = 3;
    std::vector<std::string> near;
    for (const std::string& word : words) {
        // Any word of two letters is one slip from too many others.
        const bool long_enough = typed.size() >= 2 && word.size() >= 3;
        if (long_enough && near.size() < most && one_slip_apart(typed, word) &&
            std::find(near.begin(), near.end(), word) == near.end()) {
            near.push_back(word);
        }
    }
    std::string text;
    for (const std::string& word : near) {
        text += text.empty() ? " (did you mean '" : " or '";
        text += word + "'";
    }
    return text.empty() ? text : text + "?)";
}

}  // namespace api::grammar
