"""Why an upload is not taken as a photo; each sentence says what to do instead."""

from django.utils.translation import gettext_lazy as _

from sidan.kernel.base.errors import Invalid, TooLarge


class PhotoTooLarge(TooLarge):
    """More than 12 MB."""

    code, text = "photo_too_large", _("照片超过 12 MB。请用手机相册的“编辑”裁小，或截屏后上传截图。")


class PhotoTooManyPixels(Invalid):
    """More than 24 million pixels."""

    code, text = "photo_too_many_pixels", _("照片的像素太高（超过 2400 万）。请用普通模式重拍，或截屏后上传截图。")


class NotAPhoto(Invalid):
    """None of the four formats that are read."""

    code, text = "not_a_photo", _("这个文件不是能识别的照片。请上传 JPG、PNG、WebP 或 GIF 格式，也可以截屏后上传截图。")


class PhotoIsHeic(Invalid):
    """HEIC, HEIF, AVIF: an iPhone's own format, sent as a file instead of as a photo."""

    code, text = (
        "photo_is_heic",
        _("这是苹果手机的 HEIC 照片，这里打不开。请截屏后上传截图；或在手机“设置、相机、格式”里选“兼容性最佳”再拍。"),
    )


class PhotoIsADocument(Invalid):
    """SVG, HTML, PDF: things that a browser would run or lay out."""

    code, text = "photo_is_a_document", _("这是网页、矢量图或 PDF 文件，不能当照片上传。请拍照或截屏后上传。")


class PhotoTruncated(Invalid):
    """It begins as a picture and ends too early, or is damaged within."""

    code, text = "photo_truncated", _("照片不完整或已损坏，可能没有传完。请重新选择这张照片再传一次。")


class PhotoEmpty(Invalid):
    """No bytes at all."""

    code, text = "photo_empty", _("文件是空的。请重新选择照片。")
