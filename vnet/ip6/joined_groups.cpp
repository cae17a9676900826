// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/joined_groups.hpp"

#include <array>

namespace vnet::ip6 {

namespace {
/// RFC 4291 2.8. The groups of the interface's own scope are on no wire.
constexpr std::array of_every_router = {wire::Ip6Address::all_nodes(),
                                        wire::Ip6Address::all_routers(),
                                        wire::Ip6Address(0xff05'0000'0000'0000, 2)};
}  // namespace

void JoinedGroups::follow(Addresses& addresses) {
    addresses.observe(
        [this, &addresses](interface::Index interface, const wire::Ip6Prefix& own, bool added) {
            const wire::Ip6Address group = own.address().solicited_node();
            if (added) {
                if (enabled_.insert(interface).second) {
                    for (const wire::Ip6Address each : of_every_router) {
                        join(interface, each);
                    }
                }
                join(interface, group);
                return;
            }
            leave(interface, group);
            if (addresses.of(interface).empty() && enabled_.erase(interface) != 0) {
                for (const wire::Ip6Address each : of_every_router) {
                    leave(interface, each);
                }
            }
        });
}

}  // namespace vnet::ip6
