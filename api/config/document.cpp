// SPDX-License-Identifier: Apache-2.0
#include "api/config/document.hpp"

#include <absl/strings/string_view.h>

#include <algorithm>

namespace api::config {

namespace {

/// Abseil's own view, as Debian builds it, is not the standard's.
absl::string_view key(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

Document::Document(const Document& other) {
    *this = other;
}

Document& Document::operator=(const Document& other) {
    if (this != &other) {
        stages_.clear();
        index_.clear();
        other.visit([this](const Statement& statement) { put(statement); });
    }
    return *this;
}

void Document::put(Statement statement) {
    if (const auto found = index_.find(statement.undo); found != index_.end()) {
        if (found->second->stage == statement.stage) {
            *found->second = std::move(statement);
            return;
        }
        take(statement.undo);
    }
    Lines& stage = stages_[statement.stage];
    stage.push_back(std::move(statement));
    index_.emplace(stage.back().undo, std::prev(stage.end()));
}

const Statement* Document::find(std::string_view undo) const {
    const auto found = index_.find(key(undo));
    return found == index_.end() ? nullptr : &*found->second;
}

bool Document::has(const Statement& statement) const {
    const Statement* own = find(statement.undo);
    return own != nullptr && own->line == statement.line;
}

bool Document::take(std::string_view undo) {
    const auto found = index_.find(key(undo));
    if (found == index_.end()) {
        return false;
    }
    const auto line = found->second;
    index_.erase(found);
    stages_[line->stage].erase(line);
    return true;
}

void Document::visit(const std::function<void(const Statement&)>& callback) const {
    for (const auto& [stage, lines] : stages_) {
        std::for_each(lines.begin(), lines.end(), callback);
    }
}

void Document::visit_backwards(const std::function<void(const Statement&)>& callback) const {
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
        std::for_each(stage->second.rbegin(), stage->second.rend(), callback);
    }
}

std::vector<const Statement*> Document::statements() const {
    std::vector<const Statement*> all;
    all.reserve(size());
    visit([&](const Statement& statement) { all.push_back(&statement); });
    return all;
}

std::string Document::text() const {
    std::string text;
    visit([&](const Statement& statement) {
        text += statement.line;
        text += '\n';
    });
    return text;
}

std::vector<Change> difference(const Document& from, const Document& to) {
    std::map<int, std::vector<Change>> stages;
    from.visit([&](const Statement& statement) {
        if (to.has(statement)) {
            return;
        }
        stages[statement.stage].push_back({'-', statement.line});
        if (const Statement* changed = to.find(statement.undo)) {
            stages[statement.stage].push_back({'+', changed->line});
        }
    });
    to.visit([&](const Statement& statement) {
        if (from.find(statement.undo) == nullptr) {
            stages[statement.stage].push_back({'+', statement.line});
        }
    });
    std::vector<Change> changes;
    for (auto& [stage, lines] : stages) {
        std::move(lines.begin(), lines.end(), std::back_inserter(changes));
    }
    return changes;
}

}  // namespace api::config
