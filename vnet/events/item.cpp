// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/item.hpp"

#include "vnet/service/describe.hpp"

namespace vnet::events {

void Item::write(sluice::Event& event) const {
    if (message_ != nullptr) {
        event.CopyFrom(*message_);
        return;
    }
    event.set_sequence(number_);
    event.set_time_ns(route_.time_ns);
    event.set_change(sluice::EventChange(route_.change));
    service::describe(route_.route, route_.used, *where_, *vrf_, *event.mutable_route());
}

}  // namespace vnet::events
