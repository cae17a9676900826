// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>

#include "api/client/stream.hpp"
#include "api/testing/tls_daemon.hpp"

namespace api::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string text(const absl::Status& status) {
    return std::string(status.message());
}

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Tls : public TlsDaemonTest {
protected:
    /// A call by gRPC alone, which does not look at its own files first.
    grpc::StatusCode call_bare(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
        grpc::ChannelArguments arguments;
        arguments.SetSslTargetNameOverride("router.test");
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        const auto channel = grpc::CreateCustomChannel(to_string(daemon_->server->address()),
                                                       credentials, arguments);
        Stream stream(channel, "sluice.testing.Toys.Double", absl::Seconds(20));
        stream.write(number(1), true);
        Number reply;
        stream.read(reply);
        return stream.finish().error_code();
    }
    grpc::StatusCode call_bare(const tls::Files& files) {
        return call_bare(grpc::SslCredentials(
            {contents(files.ca), contents(files.key), contents(files.certificate)}));
    }
};

TEST_F(Tls, ServesWhoHasARole) {
    start();
    EXPECT_TRUE(keep("writer").ok()) << keep("writer");
    EXPECT_EQ(daemon_->toys.kept, 7);
    EXPECT_TRUE(look("reader").ok());
    EXPECT_EQ(call_bare(maker_.issue({.name = "reader"})), grpc::StatusCode::OK);
}

TEST_F(Tls, KnowsAClientByEachOfItsNames) {
    set_roles("controller.example write\nspiffe://example/monitor read\n");
    start();
    auto both = daemon_->client(maker_.issue(
        {.name = "a", .alternative_names = "DNS:other.example,DNS:controller.example"}));
    EXPECT_TRUE(ask<sluice::Empty>(*both, "Keep", number(1)).ok());
    auto monitor = daemon_->client(
        maker_.issue({.name = "b", .alternative_names = "URI:spiffe://example/monitor"}));
    EXPECT_TRUE(ask(*monitor, "Double", number(1)).ok());
    EXPECT_EQ(ask<sluice::Empty>(*monitor, "Keep", number(1)).status().code(),
              absl::StatusCode::kPermissionDenied);
}

TEST_F(Tls, LetsAReaderOnlyRead) {
    start();
    const auto status = keep("reader");
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(text(status),
              "sluice.testing.Toys.Keep changes something, and the certificate 'reader' may only "
              "read: give it the role write in " +
                  roles_ + " of the daemon's machine");
    EXPECT_EQ(daemon_->toys.kept, 0);
}

TEST_F(Tls, TellsAStrangerWhatToDo) {
    start();
    const auto status = look("stranger");
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(text(status),
              "the certificate 'stranger' has no role here: add a line with that name and read or "
              "write to " +
                  roles_ + " of the daemon's machine");
    EXPECT_EQ(ask(*client("stranger"), "Missing", number(1)).status().code(),
              absl::StatusCode::kPermissionDenied);
}

TEST_F(Tls, TakesARoleFromTheFileAsItIs) {
    start();
    auto controller = client("newcomer");
    const auto keep_now = [&] {
        return ask<sluice::Empty>(*controller, "Keep", number(1)).status();
    };
    EXPECT_FALSE(keep_now().ok());
    set_roles("newcomer write\n");
    EXPECT_TRUE(keep_now().ok());
    set_roles("newcomer read\n");
    EXPECT_THAT(text(keep_now()), HasSubstr("may only read"));
    set_roles("newcomer reads\n");
    EXPECT_THAT(text(keep_now()), HasSubstr("may only read"));
    ASSERT_EQ(warnings().size(), 1U);
    EXPECT_THAT(warnings()[0], StartsWith(roles_ + ":1: 'newcomer reads'"));
}

TEST_F(Tls, WritesDownWhoChangesSomething) {
    start();
    EXPECT_TRUE(keep("writer").ok());
    EXPECT_FALSE(keep("reader").ok());
    EXPECT_TRUE(look("reader").ok());
    const auto calls = audited();
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_THAT(calls[0].caller, StartsWith("'writer' at 127.0.0.1:"));
    EXPECT_EQ(calls[0].method, "sluice.testing.Toys.Keep");
    EXPECT_TRUE(calls[0].verdict.ok());
    EXPECT_THAT(calls[1].caller, StartsWith("'reader' at 127.0.0.1:"));
    EXPECT_EQ(calls[1].verdict.code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Tls, LetsNobodyInWithoutACertificateOfItsAuthority) {
    start();
    EXPECT_EQ(call_bare(grpc::SslCredentials({contents(maker_.ca()), "", ""})),
              grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(call_bare(grpc::InsecureChannelCredentials()), grpc::StatusCode::UNAVAILABLE);

    CertificateMaker other(folder_.file("."), "other-ca");
    tls::Files files = other.issue({.name = "writer-of-other"});
    files.ca = maker_.ca();
    EXPECT_EQ(call_bare(files), grpc::StatusCode::UNAVAILABLE);
    const auto status = ask(*daemon_->client(files), "Double", number(1)).status();
    EXPECT_THAT(text(status),
                AllOf(HasSubstr("does not let this client in"), HasSubstr("writer-of-other.pem")));
    EXPECT_TRUE(keep("writer").ok());
}

TEST_F(Tls, LetsNobodyInWhoseCertificateHasExpired) {
    start();
    const auto expired =
        maker_.issue({.name = "writer", .begins = -absl::Hours(2), .ends = -absl::Hours(1)});
    EXPECT_EQ(call_bare(expired), grpc::StatusCode::UNAVAILABLE);
    const auto client = Client::connect({.address = "127.0.0.1:1", .files = expired, .name = ""},
                                        absl::Seconds(10));
    EXPECT_THAT(text(client.status()), HasSubstr("writer.pem expired on 20"));
    EXPECT_TRUE(keep("writer").ok());
}

TEST_F(Tls, TellsAClientWhatIsWrongWithTheDaemon) {
    start();
    const auto files = maker_.issue({.name = "writer"});
    const auto failure = [&](const Client::Remote& remote) {
        auto client = Client::connect(remote, absl::Seconds(10));
        return text(client.ok() ? (*client)->describe().status() : client.status());
    };
    const std::string address = to_string(daemon_->server->address());
    EXPECT_EQ(failure({.address = address, .files = files, .name = ""}), "");
    EXPECT_THAT(failure({.address = address, .files = files, .name = "elsewhere.test"}),
                HasSubstr("give the name that it has with --tls-name"));
    CertificateMaker other(folder_.file("."), "other-ca");
    tls::Files foreign = files;
    foreign.ca = other.ca();
    EXPECT_THAT(failure({.address = address, .files = foreign, .name = "router.test"}),
                HasSubstr("is not by an authority in " + other.ca()));
    daemon_.reset();
    EXPECT_EQ(failure({.address = address, .files = files, .name = ""}),
              "no daemon answers at " + address + ": is sluiced running, with --listen?");
    EXPECT_THAT(failure({.address = "router.test", .files = files, .name = ""}),
                HasSubstr("give host:port"));
}

TEST_F(Tls, TakesUpNewCertificates) {
    start();
    auto before = client("writer");
    EXPECT_TRUE(ask(*before, "Double", number(1)).ok());
    const auto newer = maker_.issue({.name = "newer", .alternative_names = "DNS:newer.test"});
    const auto answers_as = [&](const std::string& name) {
        auto client = Client::connect({.address = to_string(daemon_->server->address()),
                                       .files = maker_.issue({.name = "writer"}),
                                       .name = name},
                                      absl::Seconds(10));
        return ask(**client, "Double", number(1)).ok();
    };
    EXPECT_FALSE(answers_as("newer.test"));
    // The key first: a pair that does not fit is not taken up meanwhile.
    std::filesystem::rename(newer.key, router_.key);
    std::filesystem::rename(newer.certificate, router_.certificate);
    EXPECT_TRUE(eventually([&] { return answers_as("newer.test"); }));
    // Who was there stays.
    EXPECT_TRUE(ask(*before, "Double", number(1)).ok());
}

TEST_F(Tls, KeepsItsCertificatesWhileTheFilesAreBad) {
    start();
    const std::string good = contents(router_.certificate);
    std::size_t told = 0;
    for (const char* bad : {"", "noise", "-----BEGIN CERTIFICATE-----\nnoise\n"}) {
        std::ofstream(router_.certificate) << bad;
        // The same sentence for all three, told once for each time that it becomes true.
        ++told;
        EXPECT_TRUE(eventually([&] { return warnings().size() == told; }));
        EXPECT_TRUE(look("writer").ok());
        std::ofstream(router_.certificate) << good;
        const auto until = absl::Now() + 2 * options().tls->refresh;
        EXPECT_TRUE(eventually([&] { return absl::Now() > until && look("writer").ok(); }));
    }
    EXPECT_EQ(warnings()[0],
              router_.certificate +
                  " holds no certificate in PEM form: give one that does; the certificates that "
                  "were read before still serve");
}

TEST_F(Tls, RefusesToStartWithWhatCannotServe) {
    Registry registry;
    boost::asio::io_context control;
    const auto refusal = [&](const Server::Options& options) {
        return text(Server::start(registry, control, options).status());
    };
    Server::Options wrong = options();
    wrong.tls->files.key = "/nowhere/router.key";
    EXPECT_THAT(refusal(wrong), HasSubstr("cannot read the key /nowhere/router.key"));
    wrong = options();
    wrong.tls->roles_file = "/nowhere/roles";
    EXPECT_THAT(refusal(wrong), HasSubstr("cannot read the roles file /nowhere/roles"));
    start();
    wrong = options();
    wrong.tls->address = daemon_->server->address();
    EXPECT_THAT(refusal(wrong), HasSubstr("another program listens at 127.0.0.1:"));
    wrong.tls->address = {"192.0.2.77", 0};
    EXPECT_THAT(refusal(wrong), HasSubstr("this machine has no address 192.0.2.77"));
}

}  // namespace
}  // namespace api::testing
