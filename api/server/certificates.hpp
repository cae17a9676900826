// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <grpcpp/security/server_credentials.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/file.hpp"
#include "api/tls/files.hpp"

namespace api {

/// A daemon's certificates, which may be replaced on disk while it serves.
///
/// gRPC can watch files by itself, but ends the process over one that is empty for the moment in
/// which it is being written. So it watches copies in memory, which only ever hold what has passed
/// tls::read(), certificate and key in one file that is exchanged as a whole.
class Certificates {
public:
    /// Told once of each reason not to take the files up: until it is mended, the last good ones
    /// serve. May be empty.
    using OnProblem = std::function<void(const std::string& sentence)>;

    static absl::StatusOr<std::unique_ptr<Certificates>> open(tls::Files files,
                                                              OnProblem on_problem);

    /// Mutual TLS: a client without a certificate of one of the authorities gets no further. Must
    /// not be used after this object went.
    std::shared_ptr<grpc::ServerCredentials> credentials() const;

    /// Takes up what has changed; gRPC does within a second. One thread.
    void refresh();

private:
    Certificates(tls::Files files, OnProblem on_problem)
        : files_(std::move(files)), on_problem_(std::move(on_problem)) {}

    absl::Status publish(tls::Contents contents);

    const tls::Files files_;
    const OnProblem on_problem_;
    tls::Contents contents_;
    std::string problem_;
    /// The copies; their numbers never change.
    File identity_;
    File authorities_;
};

}  // namespace api
