// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip6_extensions.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::packet;
using testing::PacketMaker;

PacketMaker ip() {
    return packet().ip6();
}

/// So many extension headers of 8 bytes and UDP.
PacketMaker chain_of(int headers) {
    PacketMaker maker = ip();
    for (int i = 0; i < headers; ++i) {
        maker.destination_options();
    }
    return maker.udp();
}

TEST(Ip6Chain, FindsTheUpperLayer) {
    const struct {
        const char* what;
        Bytes bytes;
        IpProtocol upper;
        int offset;
        int next_header_offset;
        bool has_l4_header;
    } cases[] = {
        {"none", ip().udp().bytes(), IpProtocol::udp, 40, 6, true},
        {"nothing follows", ip().protocol(IpProtocol::no_next_header).bytes(),
         IpProtocol::no_next_header, 40, 6, true},
        {"hop-by-hop", ip().hop_by_hop().icmp6_echo_request().bytes(), IpProtocol::icmp6, 48, 40,
         true},
        {"all of RFC 8200 4.1",
         ip().hop_by_hop()
             .destination_options()
             .routing(2, 1, Bytes(20))
             .fragment_header(0, false)
             .authentication(24)
             .destination_options(Bytes(14))
             .tcp()
             .bytes(),
         IpProtocol::tcp, 40 + 8 + 8 + 24 + 8 + 24 + 16, 40 + 8 + 8 + 24 + 8 + 24, true},
        {"ESP hides the rest", ip().destination_options().protocol(IpProtocol::esp).bytes(),
         IpProtocol::esp, 48, 40, true},
        {"first fragment", ip().fragment_header(0, true).udp().payload(8).bytes(), IpProtocol::udp,
         48, 40, true},
        {"later fragment",
         ip().fragment_header(8, true).protocol(IpProtocol::udp).payload(8).bytes(),
         IpProtocol::udp, 48, 40, false},
        {"what looks like a header in a later fragment is none",
         ip().fragment_header(8, false).protocol(IpProtocol::hop_by_hop).payload(1).bytes(),
         IpProtocol::hop_by_hop, 48, 40, false},
        {"the shortest authentication header", ip().authentication(8).udp().bytes(),
         IpProtocol::udp, 48, 40, true},
        {"padding behind the packet", ip().udp().pad_to(200).bytes(), IpProtocol::udp, 40, 6, true},
        {"experimental is an upper layer", ip().destination_options().payload(8).bytes(),
         IpProtocol::experimental, 48, 40, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.what);
        const Ip6Chain chain = walk_ip6(c.bytes);
        EXPECT_EQ(chain.fault, Ip6ChainFault::none) << name(chain.fault);
        EXPECT_EQ(chain.upper, c.upper);
        EXPECT_EQ(chain.upper_offset, c.offset);
        EXPECT_EQ(chain.next_header_offset, c.next_header_offset);
        EXPECT_EQ(chain.has_l4_header, c.has_l4_header);
    }
}

TEST(Ip6Chain, NotesWhereHeadersAre) {
    const Bytes bytes = ip().hop_by_hop()
                            .destination_options(Bytes(14))
                            .routing(0, 1, Bytes(20))
                            .fragment_header(0, true, 77)
                            .udp()
                            .payload(8)
                            .bytes();
    const Ip6Chain chain = walk_ip6(bytes);
    EXPECT_EQ(chain.headers, 4);
    EXPECT_EQ(chain.hop_by_hop_offset, 40);
    EXPECT_EQ(chain.routing_offset, 64);
    EXPECT_EQ(chain.fragment_offset, 88);
    EXPECT_TRUE(chain.has_fragment_header());
    const auto* routing = view<Ip6RoutingHeader>(after(std::span(bytes), chain.routing_offset));
    EXPECT_EQ(routing->routing_type, Ip6RoutingHeader::deprecated_type);
    EXPECT_EQ(routing->segments_left, 1);
    const auto* fragment = view<Ip6FragmentHeader>(after(std::span(bytes), chain.fragment_offset));
    EXPECT_EQ(fragment->identification.value(), 77U);
    EXPECT_TRUE(fragment->more_fragments());
    EXPECT_FALSE(fragment->is_atomic());
}

TEST(Ip6Chain, EveryFault) {
    using enum Ip6ChainFault;
    const struct {
        const char* what;
        Bytes bytes;
        Ip6ChainFault fault;
        int error_offset;
    } cases[] = {
        {"no IPv6 header", Bytes(39), truncated, 0},
        {"no byte of the header", ip().protocol(IpProtocol::routing).bytes(), truncated, 6},
        {"one byte of it", ip().protocol(IpProtocol::routing).payload(1).bytes(), truncated, 6},
        {"cut in it", ip().destination_options(Bytes(14)).truncate(55).bytes(), truncated, 6},
        {"longer than the packet", ip().destination_options().length(1).payload(7).bytes(),
         truncated, 6},
        {"as long as the packet", ip().destination_options().length(1).payload(8).bytes(), none, 0},
        {"the payload length rules, not what lies behind",
         ip().length(8).destination_options().length(1).payload(8).bytes(), truncated, 6},
        {"an authentication header that is cut",
         ip().authentication(24).protocol(IpProtocol::udp).truncate(63).bytes(), truncated, 6},
        {"a fragment header that is cut", ip().fragment_header(0, false).truncate(47).bytes(),
         truncated, 6},
        {"a chain that ends behind the first fragment",
         ip().fragment_header(0, true).destination_options().length(1).payload(0).bytes(),
         incomplete_first_fragment, 40},
        {"hop-by-hop is second", ip().destination_options().hop_by_hop().udp().bytes(),
         hop_by_hop_order, 40},
        {"hop-by-hop twice", ip().hop_by_hop().hop_by_hop().udp().bytes(), hop_by_hop_order, 40},
        {"eight headers", chain_of(8).bytes(), none, 0},
        {"nine headers", chain_of(9).bytes(), too_many_headers, 40 + 7 * 8},
        {"512 bytes", ip().destination_options(Bytes(510)).udp().bytes(), none, 0},
        {"520 bytes", ip().destination_options(Bytes(518)).udp().bytes(), too_long, 6},
        {"520 bytes of two",
         ip().destination_options(Bytes(502)).destination_options(Bytes(14)).udp().bytes(),
         too_long, 40},
        {"a fragment of a fragment",
         ip().fragment_header(0, true).fragment_header(0, true).payload(8).bytes(),
         second_fragment_header, 40},
        {"a piece of 9 bytes", ip().fragment_header(0, true).payload(9).bytes(), fragment_length,
         4},
        {"the last may have 9 bytes", ip().fragment_header(8, false).payload(9).bytes(), none, 0},
        {"up to 65535", ip().fragment_header(65528, false).payload(7).bytes(), none, 0},
        {"beyond 65535", ip().fragment_header(65528, false).payload(8).bytes(), fragment_overrun,
         42},
        {"beyond 65535 with what stands before it",
         ip().hop_by_hop().fragment_header(65528, false).payload(0).bytes(), fragment_overrun, 50},
    };
    for (const auto& c : cases) {
        const Ip6Chain chain = walk_ip6(c.bytes);
        EXPECT_EQ(chain.fault, c.fault) << c.what << ": " << name(chain.fault);
        EXPECT_EQ(chain.error_offset, c.error_offset) << c.what;
        EXPECT_FALSE(chain.fault != none && chain.has_l4_header) << c.what;
    }
}

TEST(Ip6Chain, FaultsHaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(Ip6ChainFault::fragment_overrun); ++i) {
        names.insert(name(static_cast<Ip6ChainFault>(i)));
    }
    EXPECT_EQ(names.size(), 9U);
    EXPECT_EQ(names.count(""), 0U);
}

TEST(Ip6Fragment, Fields) {
    Ip6FragmentHeader header;
    EXPECT_TRUE(header.is_atomic());
    header.set(65535, true);
    EXPECT_EQ(header.offset(), 65528U);
    EXPECT_TRUE(header.more_fragments());
    header.set(8, false);
    EXPECT_FALSE(header.more_fragments() || header.is_atomic());
    header.set(0, true);
    EXPECT_FALSE(header.is_atomic());
    header.offset_more = Be16(6);
    EXPECT_TRUE(header.is_atomic()) << "reserved bits mean nothing";
}

struct Options {
    std::vector<int> types;
    bool malformed = false;
    int offset = 0;
    bool operator==(const Options&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Options& walk) {
    for (const int type : walk.types) {
        out << type << ' ';
    }
    return out << (walk.malformed ? "malformed at " + std::to_string(walk.offset) : "");
}

Options walk_options(std::span<const std::byte> packet, std::size_t offset = 40) {
    Options result;
    Ip6OptionsCursor options(packet, offset);
    while (const auto option = options.next()) {
        result.types.push_back(static_cast<int>(option->type));
        EXPECT_EQ(packet[option->offset], option->bytes[0]);
    }
    EXPECT_FALSE(options.next()) << "the end stays the end";
    result.malformed = options.malformed();
    result.offset = options.malformed() ? options.error_offset() : 0;
    return result;
}

TEST(Ip6Options, AsData) {
    const struct {
        const char* what;
        const char* options;
        Options expected;
    } cases[] = {
        {"padding only", "01 04 00000000", {}},
        {"the shortest padding", "00 00 01 00 00 00", {}},
        {"router alert", "05 02 0000 01 00", {{5}}},
        {"two", "05 02 0000 04 00", {{5, 4}}},
        {"without data", "3e 00 3e 00 3e 00", {{62, 62, 62}}},
        {"length beyond the header", "05 05 0000 0000", {{}, true, 43}},
        {"length up to the end", "05 04 0000 0000", {{5}}},
        {"type is the last octet", "01 03 000000 05", {{}, true, 47}},
        {"good before bad", "05 02 0000 05 01", {{5}, true, 47}},
    };
    for (const auto& c : cases) {
        const Bytes bytes = ip().hop_by_hop(from_hex(c.options)).udp().bytes();
        EXPECT_EQ(walk_options(bytes), c.expected) << c.what;
    }
}

TEST(Ip6Options, AreBounded) {
    Bytes sixteen;
    for (std::size_t i = 0; i < 16; ++i) {
        sixteen.push_back(std::byte{0x3e});
        sixteen.push_back(std::byte{0});
    }
    Bytes header = sixteen;
    header.resize(30);
    header[28] = std::byte{0x3e};
    EXPECT_EQ(walk_options(ip().hop_by_hop(header).bytes()).types.size(), 15U);
    EXPECT_FALSE(walk_options(ip().hop_by_hop(header).bytes()).malformed);
    EXPECT_EQ(walk_options(ip().hop_by_hop(Bytes(14)).bytes()), Options{});
    EXPECT_EQ(walk_options(ip().hop_by_hop(Bytes(22)).bytes()), (Options{{}, true, 58}));
}

TEST(Ip6Options, ActionsOfUnknownOnes) {
    const auto action = [](int type) {
        return Ip6Option{static_cast<Ip6OptionType>(type), 0, {}}.action();
    };
    EXPECT_EQ(action(0x3e), Ip6OptionAction::skip);
    EXPECT_EQ(action(0x7e), Ip6OptionAction::discard);
    EXPECT_EQ(action(0xbe), Ip6OptionAction::answer);
    EXPECT_EQ(action(0xfe), Ip6OptionAction::answer_if_unicast);
}

TEST(Ip6Options, ACutHeaderIsMalformed) {
    const Bytes bytes = ip().hop_by_hop().bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_EQ(walk_options(std::span(bytes).first(size)), (Options{{}, true, 41})) << size;
    }
    EXPECT_EQ(walk_options(bytes, 1000), (Options{{}, true, 1001}));
}

TEST(Ip6Chain, AnyBytesEnd) {
    std::mt19937 random(5);
    for (int i = 0; i < 50'000; ++i) {
        Bytes bytes = ip().payload(static_cast<std::size_t>(random() % 200)).bytes();
        static constexpr std::uint8_t kinds[] = {0, 43, 44, 51, 60, 17, 59, 135};
        bytes[6] = static_cast<std::byte>(kinds[random() % 8]);
        for (std::size_t at = 40; at < bytes.size(); ++at) {
            bytes[at] = static_cast<std::byte>(at % 8 == 0 ? kinds[random() % 8] : random() % 3);
        }
        const Ip6Chain chain = walk_ip6(bytes);
        EXPECT_LE(chain.upper_offset, bytes.size());
        EXPECT_LE(chain.headers, Ip6Chain::most_headers);
        if (chain.fault == Ip6ChainFault::none && chain.has_l4_header) {
            EXPECT_FALSE(is_ip6_extension(chain.upper));
        }
    }
}

}  // namespace
}  // namespace vnet::wire
