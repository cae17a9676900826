// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>

#include "plugins/nat44/exempt_index.hpp"

namespace nat44 {

/// What an operator has exempted from translation. Control thread.
class Exempts {
public:
    struct Entry {
        /// Lower than most_exempts; nobody else's as long as it is there.
        uint16_t number = 0;
        /// What was counted of its number before.
        uint64_t before = 0;
    };
    /// By VRF, destination, protocol and ports.
    using All = std::map<Exempt, Entry>;

    /// INVALID_ARGUMENT, OUT_OF_RANGE, ALREADY_EXISTS or RESOURCE_EXHAUSTED say why not. `counted`
    /// says what was ever counted of a number.
    absl::Status add(const Exempt& exempt, const std::function<uint64_t(uint16_t)>& counted);
    absl::Status remove(const Exempt& exempt);
    const All& all() const noexcept { return all_; }
    /// For workers; null where nothing is exempt.
    const std::shared_ptr<const ExemptIndex>& index() const noexcept { return index_; }

private:
    absl::StatusOr<uint16_t> free_number(const Exempt& exempt) const;
    std::shared_ptr<const ExemptIndex> make_index() const;

    All all_;
    std::shared_ptr<const ExemptIndex> index_;
};

}  // namespace nat44
