// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vnet/fib/fibs.hpp"
#include "vnet/fib/shares.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fib {

/// Whether a member of a next-hop group carries packets, and if not, why.
enum class MemberState : uint8_t {
    used,
    /// No connected network has it.
    no_way,
    /// Its interface or the link of it is down.
    link_down,
    /// Its MAC address is not known; it is asked for.
    unresolved,
};
std::string_view name(MemberState state);

/// A member of a group, as it is told to others.
template <class Address>
struct Member {
    Address next_hop;
    /// As it was given; 0: none.
    interface::Index interface = 0;
    uint32_t weight = 1;
    MemberState state = MemberState::no_way;
    /// Where it is; 0: nowhere.
    interface::Index place = 0;
    /// That are its own, of Shares::buckets.
    unsigned buckets = 0;
};

/// The next-hop groups of one family: names, members, and who of them carries packets. A member is
/// out while it cannot be reached, and its buckets are the others' meanwhile: some stores for each
/// group, whatever the number of routes that lead there. A group is of a VRF, by whose routes its
/// members without an interface are found. Control thread.
template <class Family>
class Groups {
public:
    using Address = typename Family::Address;
    using Member = fib::Member<Address>;

    static constexpr size_t most_members = Shares::most_members;
    static constexpr uint32_t most_weight = 256;

    /// What the groups build on. All must outlive them.
    struct Parts {
        interface::Table& interfaces;
        ForwardingTable& forwarding;
        NextHops<Address>& next_hops;
        Fibs<Family>& fibs;
        /// Where packets choose a member.
        graph::NodeId balance;
        /// Where packets go of a group without a member that carries them.
        PathIndex unreachable;
    };
    explicit Groups(const Parts& parts);
    ~Groups();
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

    /// Makes a group without members: packets to it die as unreachable. The VRF outlives it.
    absl::Status add(const std::string& name, interface::Vrf vrf = interface::default_vrf);
    /// Refused while routes lead there.
    absl::Status remove(const std::string& name);
    /// Adds a member, or gives the one of this interface (0: where routes lead to it) and address
    /// another weight.
    absl::Status set_member(const std::string& group, interface::Index interface, Address next_hop,
                            uint32_t weight);
    absl::Status remove_member(const std::string& group, interface::Index interface,
                               Address next_hop);

    /// 0: there is none of this name.
    GroupIndex find(const std::string& name) const;
    /// "-" where there is none.
    const std::string& name_of(GroupIndex group) const;
    /// In order of name.
    std::vector<std::string> names() const;
    /// In the order in which they came; none of an unknown group.
    std::vector<Member> members(const std::string& name) const;
    /// Routes that lead to a group.
    uint32_t routes(const std::string& name) const;
    /// The VRF of a group; the default one of an unknown group.
    interface::Vrf vrf(const std::string& name) const;
    /// The VRF that a member of the group is to be found in: its interface's, or the group's.
    interface::Vrf vrf_of(const std::string& name, interface::Index interface) const {
        return interface == 0 ? vrf(name) : parts_.interfaces.vrf_of(interface);
    }
    /// Whether a member by an interface, 0 where it has none, and to be found in this VRF, is the
    /// one that is meant.
    using IsMeant = std::function<bool(interface::Index, interface::Vrf)>;
    /// A group that has a member of this address which is meant; nothing where none has.
    std::optional<std::string> leading_to(Address next_hop, const IsMeant& is_meant) const;

    /// Who finds out a member's MAC address. Asked for each that has none, again and again.
    using Seeker = std::function<void(interface::Index, Address)>;
    void set_seeker(Seeker seeker) { seeker_ = std::move(seeker); }
    /// Asks for all whose MAC address is missing; a timer calls it.
    void seek() const;

    /// What became of a member.
    enum class Change { added, changed, removed };
    /// Calls back after a member came or went, and after its state, its place or the VRF of its
    /// interface changed, for as long as these live. Of one that went it tells what it was, before
    /// others get its buckets.
    using Observer = std::function<void(const std::string& group, const Member&, Change)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }

private:
    using Key = std::pair<interface::Index, Address>;
    struct Place {
        /// As NextHops has it: found_by() of the group's VRF where no interface was given.
        Key key;
        /// As it was given.
        interface::Index interface = 0;
        /// Where it is; 0: nowhere.
        interface::Index place = 0;
        uint32_t weight = 0;
        PathIndex path = 0;
        MemberState state = MemberState::no_way;
        /// Of Shares.
        Shares::Member number = 0;
    };
    struct Group {
        std::string name;
        GroupIndex index = 0;
        interface::Vrf vrf = interface::default_vrf;
        std::vector<Place> members;
        Shares shares;
    };

    Group* group(const std::string& name) const;
    absl::Status no_group(const std::string& name) const;
    static Key key_of(const Group& group, interface::Index interface, Address next_hop) noexcept {
        return {interface == 0 ? found_by(group.vrf) : interface, next_hop};
    }
    static Place* find(Group& group, const Key& key);
    bool look_at(const Group& group, Place& member);
    Member describe(const Group& group, const Place& member) const;
    void tell(const Group& group, const Place& member, Change change) const;
    void drop(Group& group, Key key);
    /// Looks at all members again, and divides anew where one is in that was out or the other way.
    void review(Group& group);
    void review_all(const std::function<bool(const Place&)>& concerned);
    void divide(Group& group);
    void forget(interface::Index interface);

    Parts parts_;
    std::map<std::string, std::unique_ptr<Group>> groups_;
    std::vector<Group*> by_index_;
    const std::string no_name_ = "-";
    /// Which groups have a next hop.
    std::map<Key, std::set<Group*>> members_of_;
    Seeker seeker_;
    std::vector<Observer> observers_;
};

}  // namespace vnet::fib
