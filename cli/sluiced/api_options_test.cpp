// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/api_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* socket_path = "/run/sluice/api.sock";

std::string refusal(const ApiOptions& options) {
    const auto servers = server_options(socket_path, options);
    EXPECT_FALSE(servers.ok());
    return std::string(servers.status().message());
}

ApiOptions with_tls() {
    ApiOptions options;
    options.listen = "[::]:9443";
    options.tls_certificate = "router.pem";
    options.tls_key = "router.key";
    options.tls_ca = "ca.pem";
    options.tls_roles = "roles";
    return options;
}

TEST(ApiOptions, AskForOneSocketByThemselves) {
    const auto servers = server_options(socket_path, {});
    ASSERT_TRUE(servers.ok());
    ASSERT_THAT(*servers, SizeIs(1));
    EXPECT_EQ(servers->front().unix_path, socket_path);
    EXPECT_EQ(servers->front().mode, 0660U);
    EXPECT_EQ(servers->front().role, api::Role::write);
    EXPECT_FALSE(servers->front().group);
}

TEST(ApiOptions, AskForUpToThreePlaces) {
    ApiOptions options = with_tls();
    options.socket_mode = "600";
    options.socket_group = "root";
    options.read_socket = "/run/sluice/read.sock";
    options.read_socket_mode = "0666";
    const auto servers = server_options(socket_path, options);
    ASSERT_TRUE(servers.ok()) << servers.status();
    ASSERT_THAT(*servers, SizeIs(3));
    EXPECT_EQ((*servers)[0].mode, 0600U);
    EXPECT_EQ((*servers)[0].group, gid_t(0));
    EXPECT_EQ((*servers)[1].unix_path, "/run/sluice/read.sock");
    EXPECT_EQ((*servers)[1].role, api::Role::read);
    EXPECT_EQ((*servers)[1].mode, 0666U);
    EXPECT_EQ(to_string((*servers)[2].tls->address), "[::]:9443");
}

TEST(ApiOptions, RefuseABadMode) {
    for (const char* mode : {"", "66O", "1777", "0440", "0x1ff", "-660", "rw-rw----"}) {
        ApiOptions options;
        options.socket_mode = mode;
        EXPECT_THAT(refusal(options), HasSubstr("give an octal one of 0600 to 0777")) << mode;
    }
    ApiOptions options;
    options.read_socket = "/run/r.sock";
    options.read_socket_mode = "7";
    EXPECT_THAT(refusal(options), HasSubstr("--read-socket-mode: '7' is no mode"));
}

TEST(ApiOptions, RefuseAnUnknownGroup) {
    ApiOptions options;
    options.socket_group = "nobody-has-this";
    EXPECT_THAT(refusal(options),
                HasSubstr("--socket-group: this machine has no group 'nobody-has-this'"));
}

TEST(ApiOptions, RefuseTwoSocketsAtOnePath) {
    ApiOptions options;
    options.read_socket = socket_path;
    EXPECT_THAT(refusal(options), HasSubstr("is the path of --socket"));
}

TEST(ApiOptions, RefuseTcpWithoutTls) {
    ApiOptions options;
    options.listen = "0.0.0.0:9443";
    EXPECT_EQ(refusal(options),
              "--listen without --tls-certificate, --tls-key, --tls-ca, --tls-roles: TCP is only "
              "served with mutual TLS, so give all five or none");
    options = with_tls();
    options.tls_roles.clear();
    EXPECT_THAT(refusal(options), HasSubstr("without --tls-roles"));
    options = with_tls();
    options.listen.clear();
    EXPECT_THAT(refusal(options), HasSubstr("without --listen"));
}

TEST(ApiOptions, RefuseAnAddressThatIsNone) {
    for (const char* address :
         {"9443", "router:9443", "::1:9443", "192.0.2.1:x", "192.0.2.1:70000"}) {
        ApiOptions options = with_tls();
        options.listen = address;
        EXPECT_THAT(refusal(options), HasSubstr("give ADDRESS:PORT")) << address;
    }
}

}  // namespace
}  // namespace cli
