// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>

#include "vnet/interface/table.hpp"

namespace vnet::interface {

/// Something that interfaces do for as long as anybody needs it: handles share one need for each
/// interface, and may outlive this. Control thread.
class Uses {
public:
    /// `turn` switches it on for the first that needs it and off behind the last.
    Uses(Table& table, std::function<absl::Status(Index, bool on)> turn);
    ~Uses() { self_.reset(); }
    Uses(const Uses&) = delete;
    Uses& operator=(const Uses&) = delete;

    /// It is on while the handle lives. When the interface goes, the handle means nothing any more.
    /// NOT_FOUND where there is no such interface.
    absl::StatusOr<std::shared_ptr<void>> use(Index index);
    bool used(Index index) const { return uses_.contains(index); }

private:
    struct Use;
    void release(Index index, const Use* use);

    /// For handles. Owns nothing.
    std::shared_ptr<Uses> self_;
    Table& table_;
    std::function<absl::Status(Index, bool)> turn_;
    std::map<Index, std::weak_ptr<Use>> uses_;
};

}  // namespace vnet::interface
