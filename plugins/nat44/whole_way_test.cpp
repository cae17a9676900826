// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "plugins/nat44/testing/datagram.hpp"
#include "plugins/nat44/testing/rig.hpp"

/// Random packets go out through the whole router, from ethernet-input to interface-output, and
/// what answers them comes back: what arrives is what was sent but for the addresses and ports that
/// a translation changes.
namespace nat44 {
namespace {

using testing::Collected;
using testing::Datagram;
using testing::get16;
using testing::put16;
using testing::put32;
using testing::Rig;
using testing::Sent;
using vnet::wire::Ip4Address;
using Frames = std::vector<testing::Bytes>;

constexpr AddressRange outside{Ip4Address(198, 51, 100, 0), Ip4Address(198, 51, 100, 3)};
constexpr Ip4Prefix inside{Ip4Address(10, 16, 0, 0), 28};
constexpr uint32_t hosts = 12;
constexpr unsigned bursts[] = {1, 3, 63, 256};

/// Its ports tell flows apart, and stay as they are.
constexpr uint8_t sctp = 132;

/// A flow as the host inside sees it. ICMP has its identifier in both ports.
struct Flow {
    uint8_t protocol = 0;
    uint32_t host = 0;
    uint16_t port = 0;
    uint32_t remote = 0;
    uint16_t remote_port = 0;
    friend auto operator<=>(const Flow&, const Flow&) = default;

    /// It has a port, or an identifier, that is translated.
    bool is_translated() const {
        return protocol == Datagram::tcp_number || protocol == Datagram::udp_number ||
               protocol == Datagram::icmp_number;
    }
    bool has_ports() const { return is_translated() || protocol == sctp; }
};

struct Kind {
    const char* name;
    PoolSettings settings;
};

std::vector<Kind> kinds() {
    PoolSettings plain;
    plain.name = "pool";
    plain.inside = inside;
    PoolSettings independent = plain;
    independent.mapping = MappingKind::endpoint_independent;
    PoolSettings open = independent;
    open.filtering = Filtering::endpoint_independent;
    PoolSettings blocks = plain;
    blocks.block_size = 128;
    blocks.blocks_per_host = 4;
    PoolSettings independent_blocks = open;
    independent_blocks.block_size = 256;
    PoolSettings deterministic = plain;
    deterministic.deterministic = true;
    PoolSettings independent_deterministic = independent;
    independent_deterministic.deterministic = true;
    PoolSettings few = plain;
    few.ports = {5000, 5255};
    return {{"endpoint-dependent", plain},
            {"endpoint-independent", independent},
            {"endpoint-independent, open", open},
            {"blocks", blocks},
            {"blocks, endpoint-independent", independent_blocks},
            {"deterministic", deterministic},
            {"deterministic, endpoint-independent", independent_deterministic},
            {"few ports", few}};
}

class WholeWay {
public:
    WholeWay(const PoolSettings& settings, unsigned burst, uint32_t seed)
        : settings_(settings), burst_(burst), random_(seed) {
        rig_.add_pool(settings, outside);
    }

    void go() {
        for (int round = 0; round < 4 && !::testing::Test::HasFatalFailure(); ++round) {
            out_and_back();
        }
        if (settings_.filtering == Filtering::endpoint_independent) {
            strangers();
        }
        EXPECT_EQ(rig_.table().counters().sessions.read(), flows_.size() + strangers_);
        EXPECT_EQ(rig_.table().counters().refused.read(), 0U);
    }

private:
    uint32_t draw(uint32_t most) {
        return std::uniform_int_distribution<uint32_t>(0, most)(random_);
    }
    bool one_in(uint32_t many) { return draw(many - 1) == 0; }

    Flow make_flow() {
        constexpr uint8_t protocols[] = {6, 6, 6, 17, 17, 17, 1, 1, 47, 50, sctp};
        Flow flow;
        flow.protocol = protocols[draw(10)];
        flow.host = inside.address().value() + 1 + draw(hosts - 1);
        flow.remote = 0xc6336500U + draw(3);
        if (flow.protocol == Datagram::icmp_number) {
            flow.port = flow.remote_port = uint16_t(draw(20));
        } else if (flow.has_ports()) {
            flow.port = uint16_t(2000 + draw(9));
            flow.remote_port = uint16_t(80 + draw(2));
        }
        return flow;
    }
    testing::Bytes payload(size_t most) {
        testing::Bytes bytes(one_in(4) ? draw(8) : draw(uint32_t(most)));
        const uint32_t highest = one_in(5) ? 0 : 255;
        for (std::byte& byte : bytes) {
            byte = std::byte(draw(highest));
        }
        return bytes;
    }
    /// A packet of a flow, from the host inside or to it as one outside sees it: between the ends
    /// that are told.
    Datagram make(const Flow& flow, uint32_t source, uint16_t source_port, uint32_t destination,
                  uint16_t destination_port, bool answer) {
        Datagram made;
        made.id = next_id_++;
        made.source = source;
        made.destination = destination;
        made.protocol = flow.protocol;
        made.ttl = uint8_t(2 + draw(253));
        if (one_in(8)) {
            // A record of routes that is full, and nothing.
            made.options = {std::byte(7), std::byte(7), std::byte(8), std::byte(192),
                            std::byte(0), std::byte(2), std::byte(1), std::byte(1)};
        }
        const testing::Bytes data = payload(one_in(3) ? 1400 : 60);
        const size_t header = made.protocol == Datagram::tcp_number ? 20 : flow.has_ports() ? 8 : 0;
        made.l4.resize(header);
        made.l4.insert(made.l4.end(), data.begin(), data.end());
        if (flow.has_ports() && !made.is_icmp()) {
            put16(made.l4, 0, source_port);
            put16(made.l4, 2, destination_port);
        }
        if (made.protocol == Datagram::tcp_number) {
            put32(made.l4, 4, draw(~0U));
            put32(made.l4, 8, draw(~0U));
            made.l4[12] = std::byte(5 << 4);
            made.l4[13] = std::byte(draw(0x3f));
            put16(made.l4, 14, draw(0xffff));
        } else if (made.protocol == Datagram::udp_number) {
            put16(made.l4, 4, uint32_t(made.l4.size()));
        } else if (made.is_icmp()) {
            const bool timestamp = one_in(4);
            made.l4[0] = std::byte(timestamp ? (answer ? 14 : 13) : (answer ? 0 : 8));
            put16(made.l4, 4, answer ? destination_port : source_port);
            put16(made.l4, 6, draw(0xffff));
        }
        if (made.protocol != Datagram::udp_number || !one_in(4)) {
            made.lay_checksum(one_in(6) ? uint16_t(draw(0xffff)) : uint16_t(0));
        }
        return made;
    }
    /// As it goes over the link: whole, padded, or in pieces in any order.
    void lay(const Datagram& datagram, uint64_t router_mac, Frames& frames) {
        const size_t header = datagram.protocol == Datagram::tcp_number ? 24 : 16;
        if (datagram.l4.size() < 2 * header || !one_in(8)) {
            frames.push_back(datagram.frame(Rig::host_mac, router_mac));
            while (frames.back().size() < 60) {
                frames.back().push_back(std::byte(draw(255)));
            }
            return;
        }
        const size_t first = frames.size();
        for (size_t begin = 0; begin < datagram.l4.size();) {
            const size_t least = begin == 0 ? header : 8;
            const size_t end =
                std::min(datagram.l4.size(), begin + std::max<size_t>(draw(60) * 8, least));
            // A piece of its own for each few bytes would be more than a store keeps.
            const bool last = end == datagram.l4.size() || frames.size() - first == 3;
            frames.push_back(
                datagram.frame(Rig::host_mac, router_mac, begin, last ? datagram.l4.size() : end));
            begin = last ? datagram.l4.size() : end;
        }
        std::shuffle(frames.begin() + ptrdiff_t(first), frames.end(), random_);
    }
    uint64_t drops_at(const char* what) {
        const auto drops = rig_.drops();
        const auto at = drops.find(what);
        return at == drops.end() ? 0 : at->second;
    }
    /// A host is told that there is nothing left for a packet of his.
    static bool is_refusal(std::span<const std::byte> frame) {
        return frame.size() > 36 && frame[23] == std::byte(Datagram::icmp_number) &&
               frame[34] == std::byte(3) && frame[35] == std::byte(1);
    }
    /// All frames in vectors of the burst; what left by one interface, and nothing by the other but
    /// refusals, which are counted.
    Collected pass(uint32_t by, uint32_t to, const Frames& frames) {
        Collected collected;
        for (size_t at = 0; at < frames.size(); at += burst_) {
            const auto vector =
                std::span(frames).subspan(at, std::min<size_t>(burst_, frames.size() - at));
            for (const Sent& sent : rig_.run(by, vector)) {
                if (sent.by != to && is_refusal(sent.bytes)) {
                    ++told_;
                    continue;
                }
                EXPECT_EQ(sent.by, to);
                EXPECT_TRUE(collected.add(sent.bytes));
            }
        }
        return collected;
    }
    /// Packets of one flow that came whole keep their order.
    static void expect_order(const std::vector<std::pair<Flow, Datagram>>& sent,
                             const Collected& got) {
        std::map<uint16_t, size_t> place;
        for (size_t i = 0; i < got.order().size(); ++i) {
            place[got.order()[i]] = i;
        }
        std::map<Flow, size_t> last;
        for (const auto& [flow, datagram] : sent) {
            if (!place.contains(datagram.id) || got.frames(datagram.id) != 1) {
                continue;
            }
            const size_t at = place[datagram.id] + 1;
            ASSERT_GT(at, last[flow]);
            last[flow] = at;
        }
    }

    void out_and_back() {
        std::vector<std::pair<Flow, Datagram>> sent;
        Frames frames;
        for (int i = 0; i < 100; ++i) {
            const Flow flow = make_flow();
            // Sometimes several packets of a flow that is new.
            for (uint32_t left = 1 + (one_in(4) ? draw(3) : 0); left != 0; --left) {
                sent.emplace_back(
                    flow, make(flow, flow.host, flow.port, flow.remote, flow.remote_port, false));
                lay(sent.back().second, Rig::lan_mac, frames);
            }
        }
        const uint64_t refused_before = drops_at("nat44-in2out/clash");
        const size_t told_before = told_;
        const Collected got = pass(rig_.lan, rig_.wan, frames);
        const size_t told = told_ - told_before;
        expect_order(sent, got);
        size_t lost = frames.size();
        Frames back;
        std::vector<std::pair<Flow, Datagram>> answers;
        std::vector<Flow> refused;
        for (const auto& [flow, datagram] : sent) {
            lost -= got.frames(datagram.id);
            const Datagram* out = got.find(datagram.id);
            if (out == nullptr) {
                ASSERT_EQ(got.frames(datagram.id), 0U) << what(flow);
                refused.push_back(flow);
                continue;
            }
            ASSERT_NO_FATAL_FAILURE(check_out(flow, datagram, *out));
            const bool ports = flow.has_ports();
            const uint16_t remote_port = ports ? get16(out->l4, 2) : uint16_t(0);
            const uint16_t own_port = datagram.is_icmp() ? get16(out->l4, 4)
                                      : ports            ? get16(out->l4, 0)
                                                         : uint16_t(0);
            answers.emplace_back(
                flow, make(flow, out->destination, remote_port, out->source, own_port, true));
            lay(answers.back().second, Rig::wan_mac, back);
        }
        for (const Flow& flow : refused) {
            ASSERT_TRUE(may_be_refused(flow)) << what(flow);
        }
        ASSERT_LE(told, refused.size());
        // What did not come out is a drop by name.
        ASSERT_EQ(drops_at("nat44-in2out/clash") - refused_before, lost);
        const auto before = rig_.drops();
        const Collected arrived = pass(rig_.wan, rig_.lan, back);
        ASSERT_EQ(told_ - told_before, told);
        expect_order(answers, arrived);
        for (const auto& [flow, answer] : answers) {
            const Datagram* in = arrived.find(answer.id);
            ASSERT_NE(in, nullptr) << what(flow);
            ASSERT_NO_FATAL_FAILURE(check_in(flow, answer, *in));
        }
        ASSERT_EQ(rig_.drops(), before);
    }
    /// Only what goes by address alone, where another host speaks with the same one.
    bool may_be_refused(const Flow& flow) const {
        return !flow.is_translated() &&
               std::any_of(flows_.begin(), flows_.end(), [&](const auto& known) {
                   Flow other = known.first;
                   other.host = flow.host;
                   return other == flow && known.first.host != flow.host;
               });
    }
    void check_out(const Flow& flow, const Datagram& before, const Datagram& after) {
        const Ip4Address source(after.source);
        ASSERT_TRUE(outside.first <= source && source <= outside.last) << what(flow);
        ASSERT_EQ(after.destination, before.destination);
        uint16_t port = 0;
        if (flow.has_ports() && !before.is_icmp()) {
            port = get16(after.l4, 0);
        } else if (before.is_icmp()) {
            port = get16(after.l4, 4);
        }
        if (flow.is_translated()) {
            ASSERT_TRUE(settings_.ports.contains(port)) << port;
        }
        // A host has one address, a flow one end outside, and no end is two flows'.
        ASSERT_EQ(addresses_.try_emplace(flow.host, after.source).first->second, after.source);
        const auto end = std::pair(after.source, port);
        ASSERT_EQ(flows_.try_emplace(flow, end).first->second, end) << what(flow);
        const Flow seen{flow.protocol, after.source, port, flow.remote,
                        flow.protocol == Datagram::icmp_number ? port : flow.remote_port};
        ASSERT_EQ(ends_.try_emplace(seen, flow).first->second, flow) << what(flow);
        if (settings_.mapping == MappingKind::endpoint_independent && flow.is_translated()) {
            const Flow mapped{flow.protocol, flow.host, flow.port, 0, 0};
            ASSERT_EQ(mappings_.try_emplace(mapped, end).first->second, end) << what(flow);
        }
        Datagram expected = before;
        expected.source = after.source;
        if (before.has_ports()) {
            put16(expected.l4, 0, port);
        } else if (before.is_icmp()) {
            put16(expected.l4, 4, port);
        }
        check_rest(before, after, expected);
    }
    void check_in(const Flow& flow, const Datagram& before, const Datagram& after) {
        Datagram expected = before;
        expected.destination = flow.host;
        if (before.has_ports()) {
            put16(expected.l4, 2, flow.port);
        } else if (before.is_icmp()) {
            put16(expected.l4, 4, flow.port);
        }
        ASSERT_EQ(after.source, flow.remote);
        check_rest(before, after, expected);
    }
    /// All but the checksum is as expected, and that is as right or wrong as it was.
    static void check_rest(const Datagram& before, const Datagram& after, Datagram expected) {
        if (const auto at = before.checksum_at()) {
            put16(expected.l4, *at, get16(after.l4, *at));
        }
        ASSERT_EQ(after.source, expected.source);
        ASSERT_EQ(after.destination, expected.destination);
        ASSERT_EQ(after.protocol, expected.protocol);
        ASSERT_EQ(after.options, expected.options);
        ASSERT_EQ(after.ttl, before.ttl - 1);
        ASSERT_EQ(after.l4, expected.l4);
        ASSERT_EQ(after.without_checksum(), before.without_checksum());
        if (!before.without_checksum()) {
            ASSERT_EQ(after.sum(), before.sum());
        }
    }
    /// Somebody who was never spoken to, where anybody may speak.
    void strangers() {
        std::set<Flow> seen;
        for (const auto& [flow, end] : flows_) {
            if (!flow.is_translated() || flow.protocol == Datagram::icmp_number ||
                !seen.insert({flow.protocol, flow.host, flow.port, 0, 0}).second) {
                continue;
            }
            Flow stranger = flow;
            stranger.remote = 0xcb007101U;
            stranger.remote_port = 7777;
            const Datagram sent =
                make(stranger, stranger.remote, 7777, end.first, end.second, true);
            Frames frames;
            lay(sent, Rig::wan_mac, frames);
            const Collected got = pass(rig_.wan, rig_.lan, frames);
            ASSERT_NE(got.find(sent.id), nullptr) << what(flow);
            ASSERT_NO_FATAL_FAILURE(check_in(stranger, sent, *got.find(sent.id)));
            const Datagram answer =
                make(stranger, stranger.host, stranger.port, stranger.remote, 7777, false);
            frames.clear();
            lay(answer, Rig::lan_mac, frames);
            const Collected back = pass(rig_.lan, rig_.wan, frames);
            ASSERT_NE(back.find(answer.id), nullptr) << what(flow);
            const Datagram& out = *back.find(answer.id);
            ASSERT_EQ(out.source, end.first);
            ASSERT_EQ(get16(out.l4, 0), end.second);
            ++strangers_;
        }
        EXPECT_GT(strangers_, 0U);
    }
    static std::string what(const Flow& flow) {
        return fmt::format("protocol {}, {:08x}:{} to {:08x}:{}", flow.protocol, flow.host,
                           flow.port, flow.remote, flow.remote_port);
    }

    const PoolSettings settings_;
    const unsigned burst_;
    /// Refusals that hosts inside were told of.
    size_t told_ = 0;
    std::mt19937 random_;
    Rig rig_;
    uint16_t next_id_ = 1;
    uint64_t strangers_ = 0;
    /// The end outside of each flow, and the other way round.
    std::map<Flow, std::pair<uint32_t, uint16_t>> flows_;
    std::map<Flow, Flow> ends_;
    std::map<Flow, std::pair<uint32_t, uint16_t>> mappings_;
    std::map<uint32_t, uint32_t> addresses_;
};

TEST(WholeWayTest, WhatAnswersArrivesAsTheAnswerToWhatWasSent) {
    uint32_t seed = 4787;
    for (const Kind& kind : kinds()) {
        for (const unsigned burst : bursts) {
            SCOPED_TRACE(fmt::format("{}, burst {}, seed {}", kind.name, burst, ++seed));
            WholeWay(kind.settings, burst, seed).go();
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

/// Bytes of the padding of a frame are no ports, and no checksum.
TEST(WholeWayTest, WhatIsCutShortIsADropByName) {
    Rig rig;
    PoolSettings settings;
    settings.name = "pool";
    rig.add_pool(settings, outside);
    struct Case {
        uint8_t protocol;
        size_t needed;
    };
    for (const Case test : {Case{6, 18}, Case{17, 8}, Case{1, 8}}) {
        for (size_t length = 0; length < test.needed; ++length) {
            for (const bool out : {true, false}) {
                SCOPED_TRACE(fmt::format("protocol {}, {} B, {}", test.protocol, length, out));
                Datagram cut;
                cut.source = out ? 0x0a100002U : 0xc6336501U;
                cut.destination = out ? 0xc6336501U : outside.first.value();
                cut.protocol = test.protocol;
                cut.l4.assign(length, std::byte(8));
                testing::Bytes frame = cut.frame(Rig::host_mac, out ? Rig::lan_mac : Rig::wan_mac);
                frame.resize(60, std::byte(8));
                auto before = rig.drops();
                ASSERT_TRUE(rig.run(out ? rig.lan : rig.wan, {&frame, 1}).empty());
                auto after = rig.drops();
                const std::string node = out ? "nat44-in2out/" : "nat44-out2in/";
                uint64_t named = 0;
                uint64_t all = 0;
                for (const auto& [name, count] : after) {
                    all += count - before[name];
                    named += name == node + "truncated" || name == node + "no-session"
                                 ? count - before[name]
                                 : 0;
                }
                ASSERT_EQ(named, 1U);
                ASSERT_EQ(all, 1U);
            }
        }
    }
}

}  // namespace
}  // namespace nat44
