"""Texts of the help pages: usage and examples of each command."""

STYLIZE_USAGE = """\
a2k stylize CONTENT STYLE [STYLE ...] -o OUT [options]
       a2k stylize CONTENT [CONTENT ...] --style STYLE [STYLE ...] -o OUT [options]"""

STYLIZE_EXAMPLES = """\
examples:
  a2k stylize photo.jpg painting.jpg -o result.png
      one picture in the style of another

  a2k stylize photo.jpg painting.jpg -o result.png --strength 0.4 0.7 1.0
      result_0.4.png, result_0.7.png and result_1.png

  a2k stylize photo.jpg wave.jpg fire.jpg -o results/
      results/photo_wave.jpg and results/photo_fire.jpg

  a2k stylize photo.jpg wave.jpg fire.jpg -o result.png --mix 3 1
      three quarters wave, one quarter fire, in one picture

  a2k stylize holiday/ painting.jpg -o holiday-painted
      every picture in holiday/ and the folders in it, in the same tree; one that cannot be read is reported and skipped

  a2k stylize in/*.jpg --style painting.jpg -o out/
      many contents: with --style, every picture before it is a content. Without it the first alone is, the others are styles

  a2k stylize holiday/ painting.jpg -o holiday-painted --size 1600 --skip-existing
      1600 pixels on the longer side; what an earlier run has painted is not painted again

  a2k stylize photo.jpg wave.safetensors -o result.png
      a style that `a2k encode wave.jpg -o wave.safetensors` or a Save Style node kept

  a2k stylize photo.jpg painting.jpg -o result.png --style-size 256
      a smaller style picture gives finer strokes, a larger one coarser strokes

  a2k stylize photo.jpg painting.jpg -o result.png --stroke-size 1
      strokes as large relative to the photo as in one of 512 pixels, whatever its size; 2 is twice as broad

  a2k stylize photo.jpg painting.jpg -o result.png --keep-colours
      the style's strokes in the colors of the photo

  a2k stylize photo.jpg oil.jpg --region sky.png wave.jpg --region dress.png fire.jpg -o result.png
      several styles at once, each where its mask is white; --mask and --strength-map say where to paint, and how strongly

  a2k stylize frames/ painting.jpg -o painted/ --video
      the frames of a video, with less flicker

  a2k stylize clip.mp4 painting.jpg -o painted.mp4
      a clip, with its sound; needs pip install "stya2k[video]". A folder of frames can be on either side

  a2k stylize clip.mp4 wave.jpg fire.jpg -o painted.mp4 --strength-over-time "0:0, 48:1" --mix-over-time "0:1 0, 96:0 1"
      from the clip itself to wave in 48 frames, and on to fire

  a2k stylize scan.png painting.jpg -o result.png --tile 512
      a picture of any size in little memory; without it, large pictures are computed in tiles that fit

Read are JPEG, PNG, WebP, GIF, BMP and TIFF; of an animation the first frame. Written are JPEG (quality 95), PNG and
WebP (quality 95), in sRGB. Size, orientation and transparency are kept; JPEG has no transparency: there the picture is
put on white. Camera data and other metadata are not kept.

exit status: 0 all written, 1 something failed, 2 wrong arguments, 130 interrupted
"""

ENCODE_EXAMPLES = """\
examples:
  a2k encode painting.jpg -o wave.safetensors
  a2k stylize photo.jpg wave.safetensors -o result.png

  a2k encode one.jpg two.jpg three.jpg -o artist.safetensors
      one style of several pictures of an artist; painting in it takes the attention once for each of them

The file holds what the model knows of the style, not the picture. It belongs to the model that encoded it. In ComfyUI, put it
into models/stya2k_styles and use Load Style.
"""

EXPLAIN_EXAMPLES = """\
example:
  a2k explain photo.jpg painting.jpg -o map.png

Three panels: the painting in colors that name its places; the photo, each block in the color of the place that it was matched to;
and the attention, white where one part of the painting decides, black where all of it has the same share.
"""

CONVERT_EXAMPLES = """\
example:
  a2k convert --vgg vgg_normalised.pth --a2k latest_net_A2K.pth --transform latest_net_transform.pth \\
      --decoder latest_net_decoder.pth -o stya2k.safetensors
  a2k stylize photo.jpg painting.jpg -o result.png --weights stya2k.safetensors

The files are not part of this package and their authors gave no licence for them: get them from their publishers, and
keep the result to yourself.
"""

EXPORT_EXAMPLES = """\
example:
  a2k export --onnx -o stya2k.onnx

Inputs: content [1, 3, height, width] and style [1, 3, style_height, style_width], RGB in 0..1, of any size, and strength, a
number from 0 to 2. Output: painting [1, 3, height, width]. All fp32. Masks, regions, mixed and saved styles, preserved colors,
clips and tiles are not in it: pictures are computed whole. The file is checked with onnxruntime before it is kept.
It needs more packages: pip install 'stya2k[onnx]'
"""

INFO_EXAMPLES = """\
examples:
  a2k info                            the bundled weights
  a2k info stya2k.safetensors --json  for programs
"""

SERVE_EXAMPLES = """\
examples:
  a2k serve                 a page at http://127.0.0.1:7860, for this machine alone
  a2k serve --port 8080     at another port
  a2k serve --styles kept/  with the saved styles of a folder to choose from

It needs the package gradio: pip install 'stya2k[serve]'
"""
