// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/tell_sender.hpp"

#include <gtest/gtest.h>

#include "plugins/nat44/testing/datagram.hpp"
#include "plugins/nat44/testing/rig.hpp"

/// Who is told that his packet began no session, and of what: on the whole way through a router.
namespace nat44 {
namespace {

using testing::Bytes;
using testing::Datagram;
using testing::get16;
using testing::get32;
using testing::Rig;
using testing::Sent;

constexpr uint32_t host = 0x0a000002;
constexpr uint32_t lan_router = 0x0a000101;
constexpr uint32_t far = 0xc6336501;
constexpr Ip4Address pool_address(198, 51, 100, 1);
constexpr uint8_t host_unreachable = 1;
constexpr uint8_t prohibited = 13;

/// One port, and as many sessions as there are ends to speak with.
PoolSettings narrow() {
    PoolSettings settings;
    settings.name = "p";
    settings.mapping = MappingKind::endpoint_independent;
    settings.ports = {2000, 2000};
    return settings;
}

class TellSenderTest : public ::testing::Test {
protected:
    static Datagram datagram(uint16_t port, uint32_t to = far, uint32_t from = host) {
        Datagram made;
        made.source = from;
        made.destination = to;
        made.protocol = Datagram::udp_number;
        made.id = port;
        made.l4.resize(16);
        testing::put16(made.l4, 0, port);
        testing::put16(made.l4, 2, 53);
        testing::put16(made.l4, 4, 16);
        made.lay_checksum();
        return made;
    }
    Bytes from_inside(const Datagram& sent) { return sent.frame(Rig::host_mac, Rig::lan_mac); }
    std::vector<Sent> run(const Datagram& sent) {
        const Bytes frame = from_inside(sent);
        return rig_.run(rig_.lan, {&frame, 1});
    }
    /// It went out.
    void expect_passed(const Datagram& sent) {
        const auto left = run(sent);
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left.front().by, rig_.wan);
    }
    /// Its sender, and nobody else, has an ICMP error about it as he sent it; it is one drop.
    void expect_told(const Datagram& sent, uint8_t code, const std::string& drop) {
        const auto before = rig_.drops();
        const auto left = run(sent);
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left.front().by, rig_.lan);
        const auto ip = std::span(left.front().bytes).subspan(14);
        EXPECT_EQ(get32(ip, 12), lan_router);
        EXPECT_EQ(get32(ip, 16), sent.source);
        EXPECT_EQ(ip[9], std::byte(Datagram::icmp_number));
        EXPECT_EQ(ip[20], std::byte(3));
        EXPECT_EQ(ip[21], std::byte(code));
        const auto quoted = ip.subspan(28);
        EXPECT_EQ(get32(quoted, 12), sent.source);
        EXPECT_EQ(get32(quoted, 16), sent.destination);
        EXPECT_EQ(get16(quoted, 20), get16(sent.l4, 0));
        EXPECT_EQ(get16(quoted, 22), get16(sent.l4, 2));
        auto after = before;
        ++after[drop];
        EXPECT_EQ(rig_.drops(), after);
    }

    Rig rig_;
};

TEST_F(TellSenderTest, OfWhatIsUsedUp) {
    rig_.add_pool(narrow(), {pool_address, pool_address});
    expect_passed(datagram(1000));
    expect_told(datagram(1001), host_unreachable, "nat44-in2out/no-port");
    Datagram echo;
    echo.source = host;
    echo.destination = far;
    echo.protocol = Datagram::icmp_number;
    echo.l4.resize(16);
    echo.l4[0] = std::byte(8);
    testing::put16(echo.l4, 4, 7);
    echo.lay_checksum();
    expect_passed(echo);
    testing::put16(echo.l4, 4, 8);
    echo.lay_checksum();
    expect_told(echo, host_unreachable, "nat44-in2out/no-port");
}

TEST_F(TellSenderTest, OfAPoolWithoutAddresses) {
    ASSERT_TRUE(rig_.nat().add_pool(narrow()).ok());
    rig_.take_up();
    expect_told(datagram(1000), host_unreachable, "nat44-in2out/no-address");
}

TEST_F(TellSenderTest, OfALimit) {
    PoolSettings settings = narrow();
    settings.ports = {2000, 3000};
    settings.sessions_per_host = 1;
    rig_.add_pool(settings, {pool_address, pool_address});
    expect_passed(datagram(1000));
    expect_told(datagram(1001), prohibited, "nat44-in2out/host-limit");
}

TEST_F(TellSenderTest, OfBlocks) {
    PoolSettings settings = narrow();
    settings.ports = {2048, 2111};
    settings.block_size = 64;
    rig_.add_pool(settings, {pool_address, pool_address});
    for (uint16_t port = 1000; port < 1064; ++port) {
        expect_passed(datagram(port));
    }
    expect_told(datagram(1064), prohibited, "nat44-in2out/host-ports");
    expect_told(datagram(1000, far, host + 1), host_unreachable, "nat44-in2out/no-block");
}

TEST_F(TellSenderTest, OfARate) {
    PoolSettings settings = narrow();
    settings.ports = {2000, 3000};
    settings.new_sessions_per_second = 1;
    rig_.add_pool(settings, {pool_address, pool_address});
    expect_passed(datagram(1000));
    expect_told(datagram(1001), prohibited, "nat44-in2out/host-rate");
}

TEST_F(TellSenderTest, OfAWayToAnotherHostInside) {
    rig_.add_pool(narrow(), {pool_address, pool_address});
    StaticMapping forward;
    forward.outside = pool_address;
    forward.port = 53;
    forward.protocol = Datagram::udp_number;
    forward.targets = {{Ip4Address(10, 0, 0, 9), 53, 1}};
    ASSERT_TRUE(rig_.nat().add_forward(forward).ok());
    rig_.take_up();
    expect_passed(datagram(1000));
    expect_told(datagram(1001, pool_address.value()), host_unreachable, "nat44-hairpin/no-port");
}

TEST_F(TellSenderTest, AFloodIsToldOfAtItsOwnRate) {
    rig_.add_pool(narrow(), {pool_address, pool_address});
    expect_passed(datagram(1000));
    std::vector<Bytes> flood;
    for (uint16_t port = 2000; port < 2000 + Rig::most_frames; ++port) {
        flood.push_back(from_inside(datagram(port)));
    }
    // Of one moment, so that the limit is its burst.
    EXPECT_EQ(rig_.run(rig_.lan, flood).size(), TellSender::limit.burst);
    const std::map<std::string, uint64_t> drops = {{"nat44-in2out/no-port", Rig::most_frames}};
    EXPECT_EQ(rig_.drops(), drops);
}

TEST_F(TellSenderTest, NobodyOutside) {
    PoolSettings settings = narrow();
    settings.filtering = Filtering::endpoint_independent;
    settings.sessions_per_host = 1;
    rig_.add_pool(settings, {pool_address, pool_address});
    expect_passed(datagram(1000));
    const auto stranger = [this](uint32_t from) {
        Datagram in = datagram(5000, pool_address.value(), from);
        testing::put16(in.l4, 2, 2000);
        in.lay_checksum();
        const Bytes frame = in.frame(Rig::host_mac, Rig::wan_mac);
        return rig_.run(rig_.wan, {&frame, 1});
    };
    EXPECT_EQ(stranger(far + 1).size(), 1U);
    EXPECT_TRUE(stranger(far + 2).empty());
    const std::map<std::string, uint64_t> drops = {{"nat44-out2in/host-limit", 1}};
    EXPECT_EQ(rig_.drops(), drops);
}

}  // namespace
}  // namespace nat44
