// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/grammar.hpp"

namespace api::config {

using grammar::Statement;

/// A configuration: statements in the order of their stages, and within a stage in the order in
/// which they came. Of each thing (Statement::undo) there is one. One thread.
class Document {
public:
    Document() = default;
    Document(const Document& other);
    Document& operator=(const Document& other);
    Document(Document&&) = default;
    Document& operator=(Document&&) = default;

    /// Adds a statement at the end of its stage, or puts it in the place of the one about the same
    /// thing.
    void put(Statement statement);
    /// The statement about a thing, or null. Stays where it is until it is taken out.
    const Statement* find(std::string_view undo) const;
    /// The very line is in it.
    bool has(const Statement& statement) const;
    /// False where there is none.
    bool take(std::string_view undo);

    std::size_t size() const { return index_.size(); }
    bool empty() const { return index_.empty(); }
    void visit(const std::function<void(const Statement&)>& callback) const;
    void visit_backwards(const std::function<void(const Statement&)>& callback) const;
    std::vector<const Statement*> statements() const;
    /// The lines, each with its end.
    std::string text() const;

    friend bool operator==(const Document& a, const Document& b) { return a.text() == b.text(); }

private:
    using Lines = std::list<Statement>;
    std::map<int, Lines> stages_;
    absl::flat_hash_map<std::string, Lines::iterator> index_;
};

/// One line of a difference.
struct Change {
    /// '-': only in the first; '+': only in the second.
    char sign;
    std::string line;
    friend bool operator==(const Change&, const Change&) = default;
};

/// What makes the second of the first, by stages: what is gone or in another's place in the order
/// of the first, then what is new. What changes is a '-' followed by its '+'.
std::vector<Change> difference(const Document& from, const Document& to);

}  // namespace api::config
