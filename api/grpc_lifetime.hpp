// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpc/grpc.h>

/// How long gRPC's own threads live in this process.
namespace api {

/// From the first call on, until the process ends. gRPC would end its threads with the last server
/// or channel, and wait for them: a thread that it keeps for connections whose reader is slow
/// sleeps up to ten seconds, and so long the process would not end.
inline void keep_grpc() {
    static const bool is_kept = (grpc_init(), true);
    static_cast<void>(is_kept);
}

}  // namespace api
