// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/devargs.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace vnet::device {
namespace {

using ::testing::HasSubstr;

TEST(DevargsTest, TakesADeviceApart) {
    const auto devargs = parse_devargs("net_af_packet12,iface=veth0,qpairs=2,odd");
    ASSERT_TRUE(devargs.ok());
    EXPECT_EQ(devargs->name, "net_af_packet12");
    EXPECT_EQ(devargs->driver, "net_af_packet");
    EXPECT_EQ(devargs->text, "net_af_packet12,iface=veth0,qpairs=2,odd");
    EXPECT_EQ(devargs->argument("qpairs"), "2");
    EXPECT_EQ(devargs->argument("odd", "no"), "");
    EXPECT_EQ(devargs->argument("other", "no"), "no");
    EXPECT_EQ(devargs->host_interface(), "veth0");
    EXPECT_FALSE(devargs->is_pci());
}

TEST(DevargsTest, CompletesAPciAddress) {
    const auto devargs = parse_devargs("01:0A.0,mtu=9000");
    ASSERT_TRUE(devargs.ok());
    EXPECT_EQ(devargs->name, "0000:01:0a.0");
    EXPECT_EQ(devargs->text, "0000:01:0a.0,mtu=9000");
    EXPECT_TRUE(devargs->is_pci());
}

TEST(DevargsTest, RefusesWhatIsNoDevice) {
    for (const char* text : {"", ",", "0", "net null", "net_null0;", "-", "=x", "/dev/null"}) {
        EXPECT_THAT(std::string(parse_devargs(text).status().message()), HasSubstr("is no device"))
            << text;
    }
    EXPECT_THAT(std::string(parse_devargs("net_null0,=1").status().message()),
                HasSubstr("without a name"));
    EXPECT_THAT(std::string(parse_devargs("net_null0,").status().message()),
                HasSubstr("without a name"));
}

TEST(DevargsTest, SaysWhatIsMissingBeforeTheDriverIsAsked) {
    const auto refusal = [](const char* text) {
        return std::string(prepare(*parse_devargs(text)).message());
    };
    EXPECT_EQ(refusal("net_af_packet0,iface=nope0"),
              "device 'net_af_packet0' asks for host interface 'nope0', which is not there; make "
              "it first or name another");
    EXPECT_THAT(refusal("net_af_xdp0"), HasSubstr("write net_af_xdp0,iface=<name>"));
    EXPECT_THAT(refusal("net_pcap0,rx_pcap=/nonexistent.pcap"),
                HasSubstr("cannot read the capture file"));
    EXPECT_THAT(refusal("net_virtio_user0,path=/nonexistent"),
                HasSubstr("start the vhost side first"));
    EXPECT_THAT(refusal("net_virtio_user0,path=/tmp/x,server=1"),
                HasSubstr("would wait for its peer"));
    EXPECT_EQ(refusal("net_null0,size=64"), "");
}

TEST(DevargsTest, AfXdpWantsARightThatIsNamed) {
    const auto refusal = [](const char* text) {
        return std::string(prepare(*parse_devargs(text)).message());
    };
    const std::string sentence =
        "device 'net_af_xdp0' needs CAP_SYS_ADMIN, without which the kernel shows nobody its XDP "
        "programs; give the daemon that right, or take net_af_packet0,iface=lo";
    // Another process, since nobody gets a right back.
    const pid_t child = fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        const bool without = geteuid() != 0 || setresuid(nobody, nobody, nobody) == 0;
        const bool refused = refusal("net_af_xdp0,iface=lo") == sentence;
        const bool own = refusal("net_af_xdp0,iface=lo,xdp_prog=own.o").empty();
        _exit(without && refused && own ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

/// A directory of its own for sockets.
struct SocketTest : ::testing::Test {
    SocketTest() {
        char name[] = "/tmp/sluice-socket-XXXXXX";
        directory = mkdtemp(name);
        path = directory + "/s";
    }
    ~SocketTest() override { std::filesystem::remove_all(directory); }
    int listener(int type) const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
        const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(listen(fd, 1), 0);
        return fd;
    }
    std::string directory;
    std::string path;
};

TEST_F(SocketTest, UnlinksASocketOnlyWhenNobodyListens) {
    for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
        const int fd = listener(type);
        EXPECT_FALSE(unlink_stale_socket(path));
        EXPECT_EQ(access(path.c_str(), F_OK), 0);
        close(fd);
        EXPECT_TRUE(unlink_stale_socket(path));
        EXPECT_NE(access(path.c_str(), F_OK), 0);
    }
}

TEST_F(SocketTest, LeavesWhatIsNoSocketAlone) {
    EXPECT_FALSE(unlink_stale_socket(path));
    std::ofstream(path) << "text";
    EXPECT_FALSE(unlink_stale_socket(path));
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    EXPECT_FALSE(unlink_stale_socket(std::string(200, 'x')));
}

TEST_F(SocketTest, OnlyTheListeningSideUnlinks) {
    const auto stale = [&] { close(listener(SOCK_SEQPACKET)); };
    const auto is_there = [&] { return access(path.c_str(), F_OK) == 0; };
    stale();
    ASSERT_TRUE(
        prepare(*parse_devargs("net_memif0,role=client,socket-abstract=no,socket=" + path)).ok());
    EXPECT_TRUE(is_there());
    ASSERT_TRUE(prepare(*parse_devargs("net_memif0,role=server,socket=" + path)).ok());
    EXPECT_TRUE(is_there()) << "the name is an abstract one there";
    ASSERT_TRUE(
        prepare(*parse_devargs("net_memif0,role=server,socket-abstract=no,socket=" + path)).ok());
    EXPECT_FALSE(is_there());
    stale();
    ASSERT_TRUE(prepare(*parse_devargs("net_vhost0,client=1,iface=" + path)).ok());
    EXPECT_TRUE(is_there());
    ASSERT_TRUE(prepare(*parse_devargs("net_vhost0,iface=" + path)).ok());
    EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace vnet::device
