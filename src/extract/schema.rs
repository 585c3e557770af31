//! The JSON Schema of the document (draft 2020-12), written by hand: it is a promise, so it must not follow a refactoring.

use serde_json::{Value, json};

/// The document's JSON Schema.
#[must_use]
pub fn document_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://social-sentinel.invalid/schema/document-1.json",
        "title": "Document",
        "description": "Everything read of one profile in one crawl. What the site does not show is null, never 0 or \"\".",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "platform", "handle", "url", "outcome", "evidence", "observed_at", "duration_ms", "profile",
                     "posts", "coverage", "metrics", "fields", "selectors", "screenshot"],
        "properties": {
            "schema": { "const": 1 },
            "platform": { "type": "string", "pattern": "^[a-z0-9_]+$" },
            "handle": { "type": ["string", "null"], "minLength": 1, "maxLength": 64 },
            "url": { "type": ["string", "null"], "pattern": "^https://" },
            "outcome": { "enum": ["ok", "partial", "private", "not_found", "login_wall", "captcha", "checkpoint",
                                  "rate_limited", "region_blocked", "age_gated", "blocked", "unavailable", "failed"] },
            "evidence": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/evidence" }] },
            "observed_at": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/time" }] },
            "duration_ms": { "$ref": "#/$defs/count" },
            "profile": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/profile" }] },
            "posts": { "type": "array", "items": { "$ref": "#/$defs/post" } },
            "coverage": { "$ref": "#/$defs/coverage" },
            "metrics": { "$ref": "#/$defs/metrics" },
            "fields": { "type": "object", "propertyNames": { "pattern": "^(profile|posts\\.[^.]+)\\.[a-z_.]+$" },
                        "additionalProperties": { "$ref": "#/$defs/field" } },
            "selectors": { "type": "object", "additionalProperties": false, "required": ["version"],
                           "properties": { "version": { "type": "string", "minLength": 1 } } },
            "screenshot": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/screenshot" }] }
        },
        "$defs": definitions()
    })
}

fn definitions() -> Value {
    json!({
        "count": { "type": ["integer", "null"], "minimum": 0 },
        "text": { "type": ["string", "null"], "minLength": 1 },
        "flag": { "type": ["boolean", "null"] },
        "link": { "type": ["string", "null"], "pattern": "^https?://" },
        "ratio": { "type": ["number", "null"], "minimum": 0 },
        "texts": { "type": "array", "items": { "type": "string", "minLength": 1 } },
        "time": { "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$" },
        "source": { "enum": ["network", "embedded", "jsonld", "meta", "dom"] },
        "evidence": {
            "type": "object", "additionalProperties": false, "required": ["status", "final_url", "signal", "detail"],
            "properties": {
                "status": { "type": ["integer", "null"], "minimum": 0, "maximum": 999 },
                "final_url": { "type": ["string", "null"] },
                "signal": { "type": "string", "minLength": 1 },
                "detail": { "type": ["string", "null"] }
            }
        },
        "profile": profile(),
        "post": post(),
        "child": {
            "type": "object", "additionalProperties": false, "required": ["kind", "url", "width", "height"],
            "properties": { "kind": { "enum": ["image", "video"] }, "url": { "$ref": "#/$defs/link" },
                            "width": { "$ref": "#/$defs/count" }, "height": { "$ref": "#/$defs/count" } }
        },
        "coverage": {
            "type": "object", "additionalProperties": false, "required": ["requested", "got", "reason"],
            "properties": {
                "requested": { "type": "integer", "minimum": 0 },
                "got": { "type": "integer", "minimum": 0 },
                "reason": { "enum": [null, "fewer_exist", "no_post_list", "guest_limit", "blocked_midway", "budget"] }
            }
        },
        "metrics": {
            "type": "object", "additionalProperties": false,
            "required": ["engagement_by_followers", "engagement_by_views", "posts_per_week"],
            "properties": { "engagement_by_followers": { "$ref": "#/$defs/ratio" },
                            "engagement_by_views": { "$ref": "#/$defs/ratio" }, "posts_per_week": { "$ref": "#/$defs/ratio" } }
        },
        "field": {
            "type": "object", "additionalProperties": false, "required": ["source", "rule", "raw", "precision", "agreed_by"],
            "properties": {
                "source": { "$ref": "#/$defs/source" },
                "rule": { "type": "string", "minLength": 1 },
                "raw": { "type": "string", "maxLength": 200 },
                "precision": { "enum": ["exact", "rounded", "approximate"] },
                "agreed_by": { "type": "array", "items": { "$ref": "#/$defs/source" }, "uniqueItems": true }
            }
        },
        "screenshot": {
            "type": "object", "additionalProperties": false, "required": ["file", "url", "bytes", "format", "width", "height"],
            "properties": {
                "file": { "type": "string", "minLength": 1 }, "url": { "type": ["string", "null"] },
                "bytes": { "type": "integer", "minimum": 1, "exclusiveMaximum": 100_000 },
                "format": { "enum": ["webp", "jpeg"] },
                "width": { "type": "integer", "minimum": 1 }, "height": { "type": "integer", "minimum": 1 }
            }
        }
    })
}

fn profile() -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "required": ["id", "username", "display_name", "picture_url", "bio", "links", "category", "verified", "private",
                     "business", "language", "region", "followers", "following", "likes", "posts_count"],
        "properties": {
            "id": { "$ref": "#/$defs/text" }, "username": { "$ref": "#/$defs/text" },
            "display_name": { "$ref": "#/$defs/text" }, "picture_url": { "$ref": "#/$defs/link" },
            "bio": { "$ref": "#/$defs/text" },
            "links": { "type": "array", "items": { "type": "string", "pattern": "^https?://" } },
            "category": { "$ref": "#/$defs/text" }, "verified": { "$ref": "#/$defs/flag" },
            "private": { "$ref": "#/$defs/flag" }, "business": { "$ref": "#/$defs/flag" },
            "language": { "$ref": "#/$defs/text" }, "region": { "$ref": "#/$defs/text" },
            "followers": { "$ref": "#/$defs/count" }, "following": { "$ref": "#/$defs/count" },
            "likes": { "$ref": "#/$defs/count" }, "posts_count": { "$ref": "#/$defs/count" }
        }
    })
}

fn post() -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "required": ["id", "code", "url", "kind", "caption", "hashtags", "mentions", "published_at", "published_precision",
                     "thumbnail_url", "views", "likes", "comments", "shares", "saves", "video_url", "duration_s", "width",
                     "height", "music", "pinned", "sponsored", "ai_label", "children"],
        "properties": {
            "id": { "type": "string", "pattern": "^[0-9]+$" }, "code": { "$ref": "#/$defs/text" },
            "url": { "$ref": "#/$defs/link" },
            "kind": { "enum": [null, "image", "video", "carousel", "slideshow", "reel"] },
            "caption": { "$ref": "#/$defs/text" }, "hashtags": { "$ref": "#/$defs/texts" },
            "mentions": { "$ref": "#/$defs/texts" },
            "published_at": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/time" }] },
            "published_precision": { "enum": [null, "exact", "approximate"] },
            "thumbnail_url": { "$ref": "#/$defs/link" }, "views": { "$ref": "#/$defs/count" },
            "likes": { "$ref": "#/$defs/count" }, "comments": { "$ref": "#/$defs/count" },
            "shares": { "$ref": "#/$defs/count" }, "saves": { "$ref": "#/$defs/count" },
            "video_url": { "$ref": "#/$defs/link" }, "duration_s": { "$ref": "#/$defs/ratio" },
            "width": { "$ref": "#/$defs/count" }, "height": { "$ref": "#/$defs/count" },
            "music": { "anyOf": [{ "type": "null" }, {
                "type": "object", "additionalProperties": false, "required": ["id", "title", "author"],
                "properties": { "id": { "$ref": "#/$defs/text" }, "title": { "$ref": "#/$defs/text" },
                                "author": { "$ref": "#/$defs/text" } } }] },
            "pinned": { "$ref": "#/$defs/flag" }, "sponsored": { "$ref": "#/$defs/flag" },
            "ai_label": { "$ref": "#/$defs/flag" },
            "children": { "type": "array", "items": { "$ref": "#/$defs/child" } }
        }
    })
}
