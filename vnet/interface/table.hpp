// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/interface/device.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/interface/takers.hpp"

namespace vnet::interface {

/// An interface as control knows it.
struct Interface {
    Index index = 0;
    std::string name;
    std::unique_ptr<Device> device;
    bool up = false;
    bool link = false;
    uint32_t mtu = 1500;
    /// What it has while nobody sets one, and whether somebody did.
    uint32_t default_mtu = 1500;
    bool mtu_is_set = false;
    wire::MacAddress mac;
    Vrf vrf = default_vrf;
    /// How many need its frames to other stations.
    unsigned promiscuous = 0;
};

/// What observers are told of. What they send when they are told `going_down` still leaves; where
/// the device refuses, they are told `up` again.
enum class Change { added, removing, up, going_down, down, link_up, link_down, mtu, mac, vrf };

/// Totals of an interface over all workers.
struct Totals {
    uint64_t rx_packets = 0;
    uint64_t rx_bytes = 0;
    uint64_t tx_packets = 0;
    uint64_t tx_bytes = 0;
    uint64_t tx_full = 0;
    uint64_t rx_missed = 0;
    uint64_t rx_no_buffer = 0;
};

/// All interfaces: names, indexes, states, counters. Owned by the Router; changed by the control
/// thread, its hot() and counters() used by workers.
class Table {
public:
    explicit Table(graph::Engine& engine);
    ~Table();

    // ---- control thread ----

    /// Makes an interface. `make` builds the device and is told the index that its packets shall
    /// carry. The interface begins administratively down. ALREADY_EXISTS for a name in use,
    /// INVALID_ARGUMENT for a bad name.
    absl::StatusOr<Index> add(
        const std::string& name,
        const std::function<absl::StatusOr<std::unique_ptr<Device>>(Index)>& make);
    /// Takes an interface down, tells observers, and frees it when no worker can know it any
    /// longer.
    absl::Status remove(const std::string& name);
    void remove_all();

    /// NOT_FOUND names what there is.
    absl::StatusOr<const Interface*> find(const std::string& name) const;
    const Interface* get(Index index) const;
    /// By index, in order of creation.
    const std::map<Index, Interface>& all() const noexcept { return interfaces_; }
    std::string name_of(Index index) const;

    absl::Status set_up(const std::string& name, bool up);
    absl::Status set_mtu(const std::string& name, uint32_t mtu);
    /// As if none had been set.
    absl::Status reset_mtu(const std::string& name);
    /// What the device would have it be from now on, such as a tunnel whose way has changed:
    /// nothing happens to one that was set. What is too small or too large is the nearest that it
    /// may be.
    void set_default_mtu(Index index, uint32_t mtu);
    absl::Status set_mac(const std::string& name, const wire::MacAddress& mac);
    /// Packets that come in by it are looked up in the tables of `vrf` from now on: to be called by
    /// vrf::Vrfs, which sees to it that the routes of its addresses are there.
    void set_vrf(Index index, Vrf vrf);
    /// Of one that there is no more: the default one.
    Vrf vrf_of(Index index) const;
    /// One more, or one less, needs the frames to other stations: the device is told of the first
    /// and the last. For Takers, and for devices that get their frames from another one.
    void want_promiscuous(Index index, bool wanted);
    /// Asks every device for its link and tells observers what changed. Called by a timer.
    void poll_links();

    /// Calls back after every change (before it, for `removing` and `going_down`), for as long as
    /// the table lives.
    void observe(std::function<void(const Interface&, Change)> observer);

    /// Who takes in all frames of which interface; who is removed is released.
    Takers& takers() noexcept { return takers_; }

    /// Since the counters were last cleared.
    Totals totals(Index index) const;
    /// Since the interface was made, whatever is cleared: they never go down.
    Totals lifetime_totals(Index index) const;
    void clear_counters();
    /// Of what workers read and count, for all interfaces.
    graph::MemoryUse memory() const noexcept;

    // ---- workers ----

    Hot& hot(Index index) noexcept { return hot_[index]; }
    const Hot& hot(Index index) const noexcept { return hot_[index]; }
    const graph::StableArray<Hot>& hot_array() const noexcept { return hot_; }
    Counters& counters(unsigned worker, Index index) noexcept {
        return (*counters_[worker])[index];
    }

private:
    absl::Status check_name(const std::string& name) const;
    Interface* find_mutable(const std::string& name);
    void set_flag(Index index, uint16_t flag, bool on);
    void tell(const Interface& interface, Change change);
    absl::Status change_mtu(Interface& interface, uint32_t mtu);
    Totals sum(Index index) const;

    graph::Engine& engine_;
    graph::StableArray<Hot> hot_;
    std::vector<std::unique_ptr<graph::StableArray<Counters>>> counters_;
    std::map<Index, Interface> interfaces_;
    std::unordered_map<std::string, Index> by_name_;
    Takers takers_{*this};
    /// What an index had counted when it was given to its interface, and at the last clearing.
    std::map<Index, Totals> birth_;
    std::map<Index, Totals> base_;
    /// Indexes given back, oldest first: the longer unused, the less anything remembers them.
    std::deque<Index> free_;
    Index next_ = 1;
    std::vector<std::function<void(const Interface&, Change)>> observers_;
    graph::Control::Handle link_timer_;
};

}  // namespace vnet::interface
