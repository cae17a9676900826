// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/tunnel/arrival.hpp"
#include "vnet/tunnel/names.hpp"
#include "vnet/tunnel/point_to_point.hpp"

namespace vnet::tunnel {

/// Which tunnel a packet is of, as long as a node's pass: packets mostly come in runs.
template <class Family>
class Finder {
public:
    using Header = typename Names<Family>::Header;

    Finder(interface::Table& table, const PointToPoint& tunnels,
           const graph::Dispatch& dispatch) noexcept
        : tunnels_(tunnels), arrival_(table, dispatch) {}

    using Key = Endpoint<typename Family::Address>;

    /// 0: of none.
    interface::Index find(const graph::Metadata& meta, const Header& ip, uint64_t number) noexcept {
        return find(meta, ip, number, [](interface::Index found, const Key&) { return found; });
    }
    /// The same; `look_further(found, key)` has the last word on whose a packet is.
    template <class LookFurther>
    [[gnu::always_inline]] interface::Index find(const graph::Metadata& meta, const Header& ip,
                                                 uint64_t number,
                                                 const LookFurther& look_further) noexcept {
        const Key key{ip.destination, ip.source, number, arrival_.vrf_of(meta)};
        if (found_ == 0 || key != key_) [[unlikely]] {
            key_ = key;
            found_ = look_further(tunnels_.find(key), key_);
        }
        return found_;
    }
    /// Of the packet that was looked up last, and whose it is.
    const Key& key() const noexcept { return key_; }
    interface::Index found() const noexcept {
        return found_;
    }
    Arrival& arrival() noexcept { return arrival_; }

private:
    const PointToPoint& tunnels_;
    Arrival arrival_;
    Key key_;
    interface::Index found_ = 0;
};

}  // namespace vnet::tunnel
