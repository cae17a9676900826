// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <string>

#include "vnet/interface/hot.hpp"

namespace vnet::interface {

/// Who takes in all frames of an interface in the router's place: a bridge, a cross-connect. There
/// is one at most, since the second would see nothing. Control thread.
class Takers {
public:
    /// Notes that `index`, called `name`, is taken. `as` goes on from "interface 'x' is" and says
    /// by whom: "a port of bridge 'office'". ALREADY_EXISTS says who has it, the same one included.
    absl::Status claim(Index index, const std::string& name, std::string as);
    /// Whether claim() would do.
    absl::Status check(Index index, const std::string& name) const;
    /// Gives it back; it need not be taken.
    void release(Index index) { taken_.erase(index); }

private:
    std::map<Index, std::string> taken_;
};

}  // namespace vnet::interface
