// SPDX-License-Identifier: Apache-2.0
#include "api/client/sink_writer.hpp"
#include <fmt/format.h>

namespace api {

absl::Status SinkWriter::Impl::write(const google::protobuf::Message& batch) {
    if (!over_ && stream_.write(batch)) {
        return absl::OkStatus();
    }
    if (!verdict().ok()) {
        return verdict();
    }
    return absl::FailedPreconditionError(
        fmt::format("{} is finished: it takes no more batches", method_));
}

absl::Status SinkWriter::Impl::finish(google::protobuf::Message& reply) {
    if (!over_ && stream_.writes_done()) {
        stream_.read(reply);
    }
    return verdict();
}

const absl::Status& SinkWriter::Impl::verdict() {
    if (!over_) {
        over_ = true;
        verdict_ = connection_->explain(stream_.finish(), method_, timeout_);
    }
    return verdict_;
}

SinkWriter::SinkWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SinkWriter::SinkWriter(SinkWriter&&) noexcept = default;
SinkWriter& SinkWriter::operator=(SinkWriter&&) noexcept = default;
SinkWriter::~SinkWriter() = default;

absl::Status SinkWriter::write(const google::protobuf::Message& batch) {
    return impl_->write(batch);
}

absl::Status SinkWriter::finish(google::protobuf::Message& reply) {
    return impl_->finish(reply);
}

}  // namespace api
