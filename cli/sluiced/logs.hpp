// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace cli {

/// A logger to where the daemon's own goes, at most `most_lines` a second of it: see BoundedSink.
std::shared_ptr<spdlog::logger> bounded_logger(const std::string& name, unsigned most_lines);

/// Takes what gRPC and protobuf would write to stderr themselves, a line for each bad connection or
/// request, into bounded logs of the daemon: a failed TLS handshake at level info, a request that
/// cannot be read at debug, since its caller is told. Once, before gRPC is used, behind the default
/// logger.
void take_library_logs();

}  // namespace cli
