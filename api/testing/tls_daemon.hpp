// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/testing/certificates.hpp"
#include "api/testing/daemon.hpp"

namespace api::testing {

/// A daemon that serves the toys with TLS, and an authority for its and its clients' certificates.
/// "writer" and "reader" have those roles.
class TlsDaemonTest : public ::testing::Test {
protected:
    TlsDaemonTest() { set_roles("# for tests\nwriter write\nreader read\n"); }

    Server::Options options() {
        Server::Options options;
        options.tls = Server::Tls{.files = router_, .roles_file = roles_};
        options.tls->refresh = absl::Milliseconds(100);
        options.on_write = [this](const AuditedCall& call) {
            const std::lock_guard lock(mutex_);
            audited_.push_back(call);
        };
        options.on_warning = [this](const std::string& sentence) {
            const std::lock_guard lock(mutex_);
            warnings_.push_back(sentence);
        };
        return options;
    }

    void start(Server::Options options) { daemon_.emplace(std::move(options)); }
    void start() { start(options()); }

    std::unique_ptr<Client> client(const std::string& name) {
        return daemon_->client(maker_.issue({.name = name}));
    }
    absl::Status keep(const std::string& name) {
        return ask<sluice::Empty>(*client(name), "Keep", number(7)).status();
    }
    absl::Status look(const std::string& name) {
        return ask(*client(name), "Double", number(7)).status();
    }
    void set_roles(const std::string& text) { std::ofstream(roles_) << text; }

    std::vector<AuditedCall> audited() {
        const std::lock_guard lock(mutex_);
        return audited_;
    }
    std::vector<std::string> warnings() {
        const std::lock_guard lock(mutex_);
        return warnings_;
    }

    const TempDir folder_;
    const std::string roles_ = folder_.file("roles");
    CertificateMaker maker_{folder_.file("."), "ca"};
    tls::Files router_ =
        maker_.issue({.name = "router", .alternative_names = "DNS:router.test,IP:127.0.0.1"});

private:
    std::mutex mutex_;
    std::vector<AuditedCall> audited_;
    std::vector<std::string> warnings_;

protected:
    /// Goes first: it writes to the above.
    std::optional<Daemon> daemon_;
};

}  // namespace api::testing
