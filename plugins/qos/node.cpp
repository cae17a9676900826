// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/node.hpp"

#include <absl/hash/hash.h>

#include <algorithm>
#include <bit>

#include "vnet/wire/checksum.hpp"

namespace qos {

namespace treatment = graph::treatment;
using graph::packet_flag::priority_mask;
using graph::packet_flag::priority_shift;
using vnet::fragment::Ports;

void Ip4::set_dscp(Header& ip, uint8_t dscp) noexcept {
    // Version, header length, DSCP and ECN as one word: what is written in pieces and read as one
    // is not forwarded by the processor.
    uint16_t raw;
    std::memcpy(&raw, static_cast<const void*>(&ip), sizeof(raw));
    const auto before = vnet::wire::Be16::from_network(raw);
    const vnet::wire::Be16 after(uint16_t((before.value() & 0xff03) | dscp << 2));
    if (after == before) {
        return;
    }
    raw = after.network();
    std::memcpy(static_cast<void*>(&ip), &raw, sizeof(raw));
    ip.checksum = vnet::wire::update_checksum(ip.checksum, before, after);
}

namespace {

template <class Family>
typename Family::Header* header_of(graph::Packet& packet) noexcept {
    const uint32_t l3 = packet.meta().l3_offset;
    return packet.holds(l3, sizeof(typename Family::Header))
               ? vnet::wire::view<typename Family::Header>(packet.data() + l3,
                                                           sizeof(typename Family::Header))
               : nullptr;
}

/// Bytes of layer 3.
uint32_t bytes_of(const graph::Packet& packet) noexcept {
    return packet.length() - packet.meta().l3_offset;
}

/// Its ports as far as they are known. On the way out others than it came in with may be in its
/// header, so that the header counts; a fragment has those that were noted for it.
template <class Family>
Ports ports_of(const graph::Packet& packet, const vnet::fragment::PortsSlot& slot) noexcept {
    if (!Family::Fragment::may_be_fragment(packet)) [[likely]] {
        return Family::Fragment::upper(packet).ports;
    }
    if (packet.meta().has(graph::packet_flag::ports_noted)) {
        return slot.of(packet);
    }
    Ports ports = Family::Fragment::upper(packet).ports;
    ports.flags = 0;
    return ports;
}

uint64_t host_of(vnet::wire::Ip4Address address) noexcept {
    return address.value();
}
/// A host has as many addresses in its network as it likes.
uint64_t host_of(const vnet::wire::Ip6Address& address) noexcept {
    return address.high();
}

/// A number for whom a packet is of.
template <class Family>
uint64_t key_of(Scope scope, uint64_t seed, const typename Family::Header& ip,
                const Ports& ports) noexcept {
    if (scope == Scope::source) {
        return absl::HashOf(seed, host_of(ip.source));
    }
    if (scope == Scope::destination) {
        return absl::HashOf(seed, host_of(ip.destination));
    }
    using Address = typename Family::Address;
    const auto words = [](const Address& address) {
        return std::bit_cast<std::array<uint32_t, sizeof(Address) / 4>>(address);
    };
    return absl::HashOf(seed, words(ip.source), words(ip.destination), ports.protocol, ports.source,
                        ports.destination);
}

}  // namespace

/// Packets of one interface that follow one another in a vector.
template <class Family, Side side>
class Node<Family, side>::Run {
public:
    /// `packets` begin with those of the interface.
    Run(const Node& node, Index interface, const StageOf& stage,
        std::span<graph::Packet* const> packets, graph::Hop next,
        graph::Dispatch& dispatch) noexcept
        : node_(node),
          interface_(interface),
          stage_(stage),
          packets_(packets),
          next_(next),
          dispatch_(dispatch) {}

    /// Returns how many they were.
    size_t go(graph::Hops hops, size_t offset) noexcept {
        if (side == Side::input && stage_.records) {
            record(hops, offset);
        } else if (side == Side::output && stage_.rules == nullptr) {
            mark(hops, offset);
        } else {
            take(hops, offset, [](graph::Packet&) {});
        }
        if (stage_.rules != nullptr) {
            classify();
            if (side == Side::output) {
                mark(hops, offset);
            }
            if (stage_.rules_police) {
                police_by_rules(hops, offset);
            }
        }
        if (stage_.policer != nullptr) {
            police_all(hops, offset);
        }
        return packets_.size();
    }

private:
    using Header = typename Family::Header;

    /// Does something with each packet of the interface, in one pass: what is looked at once is
    /// still at hand. What is the same for all is in variables of its own, since a packet that is
    /// written to could be anything.
    template <class Each>
    [[gnu::always_inline]] void take(graph::Hops hops, size_t offset, Each each) noexcept {
        const std::span<graph::Packet* const> packets = packets_;
        const Index interface = interface_;
        const graph::Hop next = next_;
        size_t count = 0;
        for (; count < packets.size(); ++count) {
            graph::Packet& packet = *packets[count];
            if (interface_of(packet) != interface) [[unlikely]] {
                break;
            }
            each(packet);
        }
        packets_ = packets.first(count);
        for (size_t i = 0; i < count; ++i) {
            hops.set(offset + i, next);
        }
    }

    void record(graph::Hops hops, size_t offset) noexcept {
        const auto& recorded = stage_.recorded;
        const auto note = [&recorded](graph::Metadata& meta, unsigned value) {
            meta.treatment =
                (meta.treatment & treatment::mark_mask) | treatment::classified | recorded[value];
        };
        switch (stage_.trust) {
            case Trust::dscp:
                return take(hops, offset, [note](graph::Packet& packet) {
                    const Header* ip = header_of<Family>(packet);
                    note(packet.meta(), ip == nullptr ? 0 : ip->dscp());
                });
            case Trust::priority:
                return take(hops, offset, [note](graph::Packet& packet) {
                    note(packet.meta(), packet.meta().flags >> (priority_shift + 1));
                });
            case Trust::none:
                return take(hops, offset,
                            [note](graph::Packet& packet) { note(packet.meta(), 0); });
        }
    }

    void mark(graph::Hops hops, size_t offset) noexcept {
        // Nobody has given a class to what the router sends itself: it keeps what it was given.
        const auto has_class = [](const graph::Packet& packet) {
            return (packet.meta().treatment & treatment::classified) != 0;
        };
        const auto class_of = [](const graph::Packet& packet) {
            return packet.meta().treatment & treatment::class_mask;
        };
        if (stage_.marks_dscp) {
            take(hops, offset, [&dscp = stage_.dscp, has_class, class_of](graph::Packet& packet) {
                if (has_class(packet)) [[likely]] {
                    set_dscp(packet, dscp[class_of(packet)]);
                }
            });
        } else if (!stage_.marks_priority) {
            take(hops, offset, [](graph::Packet&) {});
        }
        if (stage_.marks_priority) {
            take(hops, offset,
                 [&priority = stage_.priority, has_class, class_of](graph::Packet& packet) {
                     if (has_class(packet)) [[likely]] {
                         // Its drop eligibility stays.
                         constexpr uint16_t only_priority = priority_mask & (priority_mask << 1);
                         uint16_t& flags = packet.meta().flags;
                         flags = uint16_t((flags & ~only_priority) | priority[class_of(packet)]
                                                                         << (priority_shift + 1));
                     }
                 });
        }
    }

    [[gnu::always_inline]] static void set_dscp(graph::Packet& packet, uint8_t dscp) noexcept {
        Header* ip = header_of<Family>(packet);
        if (ip != nullptr) {
            Family::set_dscp(*ip, dscp);
        }
    }

    void classify() noexcept {
        std::array<vnet::classify::Key<typename Family::Rules>, graph::vector_size> keys;
        const bool asks = stage_.rules->asks_for_upper();
        for (size_t i = 0; i < packets_.size(); ++i) {
            graph::Packet& packet = *packets_[i];
            const Header* ip = header_of<Family>(packet);
            static constexpr Header nothing{};
            keys[i] = vnet::classify::Key<typename Family::Rules>::of(
                ip == nullptr ? nothing : *ip,
                asks ? ports_of<Family>(packet, node_.ports_) : Ports(), packet.meta());
        }
        stage_.rules->find(std::span(keys).first(packets_.size()), found_);
        for (size_t i = 0; i < packets_.size(); ++i) {
            if (found_[i] < stage_.deeds.size()) {
                const Deed& deed = stage_.deeds[found_[i]];
                graph::Metadata& meta = packets_[i]->meta();
                meta.treatment = (meta.treatment & deed.keep) | deed.set;
                RuleCounters& counts = (*deed.counts)[dispatch_.worker()];
                counts.packets.add(1);
                counts.bytes.add(bytes_of(*packets_[i]));
            }
        }
    }

    const Policer* policer_of(size_t i) const noexcept {
        return found_[i] < stage_.deeds.size() ? stage_.deeds[found_[i]].policer.get() : nullptr;
    }

    /// Packets that follow one another and have one policer are measured together.
    void police_by_rules(graph::Hops hops, size_t offset) noexcept {
        size_t begin = 0;
        while (begin < packets_.size()) {
            const Policer* policer = policer_of(begin);
            size_t end = begin;
            while (end < packets_.size() && policer_of(end) == policer) {
                places_[end - begin] = uint8_t(end);
                ++end;
            }
            if (policer != nullptr) {
                police(*policer, end - begin, hops, offset);
            }
            begin = end;
        }
    }

    /// Measures those that are still there.
    void police_all(graph::Hops hops, size_t offset) noexcept {
        size_t count = 0;
        for (size_t i = 0; i < packets_.size(); ++i) {
            places_[count] = uint8_t(i);
            count += lost_ == 0 || !is_lost_[i] ? 1 : 0;
        }
        police(*stage_.policer, count, hops, offset);
    }

    /// Measures `count` packets, those at places_.
    void police(const Policer& policer, size_t count, graph::Hops hops, size_t offset) noexcept {
        std::array<uint32_t, graph::vector_size> bytes;
        std::array<uint64_t, graph::vector_size> keys;
        std::array<Colour, graph::vector_size> colour;
        for (size_t i = 0; i < count; ++i) {
            bytes[i] = bytes_of(*packets_[places_[i]]);
        }
        if (policer.scope() != Scope::all) {
            for (size_t i = 0; i < count; ++i) {
                keys[i] = key(policer.scope(), *packets_[places_[i]]);
            }
        }
        if (policer.colour_aware()) {
            for (size_t i = 0; i < count; ++i) {
                colour[i] = colour_of(packets_[places_[i]]->meta());
            }
        }
        const bool all_green =
            policer.run(dispatch_.worker(), dispatch_.now_tsc(), std::span(bytes).first(count),
                        std::span(keys).first(count), std::span(colour).first(count));
        if (all_green && policer.action(Colour::green).is_nothing()) [[likely]] {
            return;
        }
        for (size_t i = 0; i < count; ++i) {
            act(policer, all_green ? Colour::green : colour[i], places_[i], hops, offset);
        }
    }

    void act(const Policer& policer, Colour colour, size_t place, graph::Hops hops,
             size_t offset) noexcept {
        graph::Packet& packet = *packets_[place];
        if (colour > colour_of(packet.meta())) {
            packet.meta().treatment = (packet.meta().treatment & ~treatment::colour_mask) |
                                      uint32_t(colour) << treatment::colour_shift;
        }
        const Action& action = policer.action(colour);
        if (action.drops) {
            // The drop reasons are in the order of the colours.
            hops.set(offset + place, graph::Hop::drop(graph::Edge(colour)));
            if (lost_ == 0) {
                is_lost_.fill(false);
            }
            is_lost_[place] = true;
            ++lost_;
        } else if (action.dscp) {
            set_dscp(packet, *action.dscp);
        }
    }

    static Colour colour_of(const graph::Metadata& meta) noexcept {
        return Colour(std::min((meta.treatment & treatment::colour_mask) >> treatment::colour_shift,
                               uint32_t(Colour::red)));
    }

    uint64_t key(Scope scope, graph::Packet& packet) const noexcept {
        const Header* ip = header_of<Family>(packet);
        return ip == nullptr
                   ? 0
                   : key_of<Family>(
                         scope, node_.seed_, *ip,
                         scope == Scope::flow ? ports_of<Family>(packet, node_.ports_) : Ports());
    }

    const Node& node_;
    const Index interface_;
    const StageOf& stage_;
    std::span<graph::Packet* const> packets_;
    const graph::Hop next_;
    graph::Dispatch& dispatch_;
    /// Written by classify().
    std::array<uint32_t, graph::vector_size> found_;
    /// Of packets that are measured together.
    std::array<uint8_t, graph::vector_size> places_;
    /// Meaningful once something is lost.
    std::array<bool, graph::vector_size> is_lost_;
    size_t lost_ = 0;
};

template <class Family, Side side>
void Node<Family, side>::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                                    graph::Dispatch& dispatch) const noexcept {
    size_t begin = 0;
    while (begin < packets.size()) {
        const Index interface = interface_of(*packets[begin]);
        const graph::Hop next = dispatch.next_feature(*packets[begin]);
        if (const StageOf* stage = stage_of(interface)) [[likely]] {
            begin += Run(*this, interface, *stage, packets.subspan(begin), next, dispatch)
                         .go(hops, begin);
            continue;
        }
        for (; begin < packets.size() && interface_of(*packets[begin]) == interface; ++begin) {
            hops.set(begin, next);
        }
    }
}

template <class Family, Side side>
graph::TraceFields Node<Family, side>::format(const graph::TraceStep& step) const {
    if (step.next == nullptr) {
        return {};
    }
    const uint32_t now = step.next->meta.treatment;
    graph::TraceFields fields;
    if ((now & treatment::classified) != 0) {
        fields.emplace_back("class", std::to_string(now & treatment::class_mask));
    }
    if (const auto colour = now & treatment::colour_mask; colour != 0) {
        fields.emplace_back("colour", colour >> treatment::colour_shift == 1 ? "yellow" : "red");
    }
    if (const auto mark = now & treatment::mark_mask; mark != 0) {
        fields.emplace_back("mark", std::to_string(mark >> treatment::mark_shift));
    }
    const auto* ip = vnet::wire::view<typename Family::Header>(
        step.next->from_offset(step.next->meta.l3_offset));
    if (ip != nullptr) {
        fields.emplace_back("dscp", std::to_string(ip->dscp()));
    }
    return fields;
}

template class Node<Ip4, Side::input>;
template class Node<Ip4, Side::output>;
template class Node<Ip6, Side::input>;
template class Node<Ip6, Side::output>;

}  // namespace qos
