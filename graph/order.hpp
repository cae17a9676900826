// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace graph {

/// Something that states what it comes before and after, by name.
struct OrderItem {
    std::string name;
    std::string owner;
    std::vector<std::string> before;
    std::vector<std::string> after;
};

struct Order {
    /// Indexes of the items, first to last.
    std::vector<size_t> sequence;
    /// One sentence for each two that follow one another and whose order nobody states.
    std::vector<std::string> warnings;
};

/// Sorts items by what they state; ties go by name, so that the order never depends on what was
/// loaded first. Errors, with the names: a constraint that names an unknown item
/// (INVALID_ARGUMENT), a cycle, and two items of the same owner whose order does not follow from
/// what is stated (FAILED_PRECONDITION). Between different owners the latter is a warning, since
/// two plugin authors cannot know of one another. Names listed in `optional_names` may be mentioned
/// without being there; what is said of them still relates the others: of "a before x" and "x
/// before b" follows "a before b".
absl::StatusOr<Order> sort_by_constraints(const std::string& what,
                                          const std::vector<OrderItem>& items,
                                          const std::vector<std::string>& optional_names = {});

}  // namespace graph
