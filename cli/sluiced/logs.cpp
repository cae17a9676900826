// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/logs.hpp"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <string_view>
#include <vector>

#include "cli/sluiced/bounded_sink.hpp"

namespace cli {

namespace {

constexpr unsigned most_library_lines = 5;

/// The libraries' hooks take no context: the loggers are found again by these names.
constexpr const char* grpc_name = "gRPC";
constexpr const char* protobuf_name = "protobuf";

void log_of_grpc(gpr_log_func_args* line) {
    if (const auto log = spdlog::get(grpc_name)) {
        log->log(
            line->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::info : spdlog::level::debug,
            "{}: {}", grpc_name, line->message);
    }
}

void log_of_protobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
    if (const auto log = spdlog::get(protobuf_name)) {
        log->debug("{}: {}", protobuf_name, message);
    }
}

}  // namespace

std::shared_ptr<spdlog::logger> bounded_logger(const std::string& name, unsigned most_lines) {
    const auto own = spdlog::default_logger();
    std::vector<spdlog::sink_ptr> sinks;
    for (const auto& sink : own->sinks()) {
        sinks.push_back(std::make_shared<BoundedSink>(sink, most_lines));
    }
    auto logger = std::make_shared<spdlog::logger>(name, sinks.begin(), sinks.end());
    logger->set_level(own->level());
    return logger;
}

void take_library_logs() {
    for (const char* name : {grpc_name, protobuf_name}) {
        spdlog::drop(name);
        spdlog::register_logger(bounded_logger(name, most_library_lines));
    }
    gpr_set_log_function(log_of_grpc);
    google::protobuf::SetLogHandler(log_of_protobuf);
}

}  // namespace cli
