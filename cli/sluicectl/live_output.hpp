// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <ostream>
#include <stop_token>
#include <thread>

#include "api/grammar/render.hpp"

namespace cli {

/// Shows the replies of a stream that may pause for long: a table holds rows back to find its
/// widths, and what is held is shown when nothing has come for a tenth of a second.
class LiveOutput {
public:
    /// The renderer fills the sink, and the sink writes to `out`. All outlive it, and nobody else
    /// uses them meanwhile.
    LiveOutput(api::grammar::Renderer& renderer, api::grammar::Sink& sink, std::ostream& out);
    ~LiveOutput();

    /// False where the stream cannot be written any more.
    bool add(const google::protobuf::Message& reply);

private:
    void run(const std::stop_token& stop);

    api::grammar::Renderer& renderer_;
    api::grammar::Sink& sink_;
    std::ostream& out_;
    std::mutex mutex_;
    std::condition_variable_any came_;
    bool fresh_ = false;
    std::jthread thread_;
};

}  // namespace cli
