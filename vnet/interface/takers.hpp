// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <string>

#include "vnet/interface/hot.hpp"

namespace vnet::interface {

class Table;

/// Who takes in all frames of an interface in the router's place: a bridge, a cross-connect. There
/// is one at most, since the second would see nothing. Control thread.
class Takers {
public:
    /// It is a part of the table.
    explicit Takers(Table& table) : table_(table) {}
    Takers(const Takers&) = delete;
    Takers& operator=(const Takers&) = delete;

    /// Notes that an interface is taken, which is promiscuous from now on. `as` goes on from
    /// "interface 'x' is" and says by whom: "a port of bridge 'office'". ALREADY_EXISTS says who
    /// has it, the same one included; INVALID_ARGUMENT is for one that carries no Ethernet frames,
    /// NOT_FOUND for none.
    absl::Status claim(Index index, std::string as);
    /// Whether claim() would do.
    absl::Status check(Index index) const;
    /// Gives it back; it need not be taken.
    void release(Index index);

private:
    Table& table_;
    std::map<Index, std::string> taken_;
};

}  // namespace vnet::interface
