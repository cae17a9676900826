// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/session.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

namespace api::metrics {

namespace http = boost::beast::http;

namespace {

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

Session::Session(Socket socket, const Host& host, const Exporter::Limits& limits)
    : stream_(std::move(socket)),
      host_(host),
      limits_(limits),
      buffer_(limits.header_bytes + 1024) {}

void Session::start() {
    stream_.expires_after(limits_.request_time);
    read();
}

void Session::close() {
    closed_ = true;
    stream_.close();
}

void Session::read() {
    parser_.emplace();
    parser_->header_limit(std::uint32_t(limits_.header_bytes));
    parser_->body_limit(0);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                         self->on_read(error);
                     });
}

void Session::on_read(const boost::system::error_code& error) {
    if (closed_) {
        return;
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return refuse(http::status::request_header_fields_too_large,
                      "the header is too long: it may have 8192 bytes");
    }
    if (error == http::error::body_limit) {
        return refuse(http::status::payload_too_large, "a request for metrics has no body");
    }
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
        return refuse(http::status::bad_request, "this is not HTTP/1.1: " + error.message());
    }
    if (error) {
        return end();
    }
    host_.on_request(*this);
    stream_.expires_after(limits_.request_time);
    answer();
}

void Session::answer() {
    const auto& request = parser_->get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        return refuse(http::status::method_not_allowed, "metrics are read with GET or HEAD");
    }
    const std::string_view target = view(request.target());
    if (target.substr(0, target.find('?')) != "/metrics") {
        return refuse(http::status::not_found, "metrics are at /metrics, and nothing else is here");
    }
    // Several headers of one name mean the same as one with commas (RFC 9110 5.3).
    std::string accept;
    const auto [first, last] = request.equal_range(http::field::accept);
    for (auto field = first; field != last; ++field) {
        accept += std::string(view(field->value())) + ",";
    }
    const Format format = format_for(accept);
    host_.get_page(format,
                   [self = shared_from_this(), format](std::shared_ptr<const std::string> text) {
                       if (self->closed_) {
                           return;
                       }
                       if (text == nullptr) {
                           return self->refuse(http::status::service_unavailable,
                                               "the control thread is busy; try again");
                       }
                       Response response = self->prepare(http::status::ok);
                       response.set(http::field::content_type, std::string(content_type(format)));
                       response.body() = *text;
                       self->send(std::move(response));
                   });
}

Session::Response Session::prepare(http::status status) const {
    Response response(status, 11);
    response.set(http::field::server, "sluiced");
    response.set(http::field::cache_control, "no-store");
    // What could not be read is not followed by anything that can.
    response.keep_alive(parser_->is_done() && parser_->get().keep_alive());
    return response;
}

void Session::refuse(http::status status, const std::string& sentence) {
    Response response = prepare(status);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    if (status == http::status::method_not_allowed) {
        response.set(http::field::allow, "GET, HEAD");
    }
    response.body() = sentence + "\n";
    send(std::move(response));
}

void Session::send(Response response) {
    response.prepare_payload();
    if (parser_->is_done() && parser_->get().method() == http::verb::head) {
        // The length stays: it tells what GET would give.
        response.body().clear();
    }
    response_ = std::move(response);
    stream_.expires_after(limits_.request_time);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                          if (self->closed_) {
                              return;
                          }
                          if (error || !self->response_.keep_alive()) {
                              return self->end();
                          }
                          self->stream_.expires_after(self->limits_.idle_time);
                          self->read();
                      });
}

void Session::end() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    close();
    host_.on_end(*this);
}

}  // namespace api::metrics
